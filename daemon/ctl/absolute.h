/* SPDX-License-Identifier: GPL-2.0-or-later */
/* absolute - paths as the daemon wants them: absolute, without ".", ".." and empty components; bytes stay as they
 * are. */
#ifndef DARKROOM_CTL_ABSOLUTE_H
#define DARKROOM_CTL_ABSOLUTE_H

/* @path cleaned as text, with nothing looked at; ".." takes the component before it. The caller frees *@ret. 0, -EINVAL
 * when nothing is left or it leads out of a relative path, or -ENOMEM. */
int clean_path(const char *path, char **ret);

/* The same, seen from the current directory (as the shell calls it in $PWD, which may have links in it, as Path=
 * may). */
int absolute_path(const char *path, char **ret);

#endif
