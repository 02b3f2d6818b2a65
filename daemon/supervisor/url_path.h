/* SPDX-License-Identifier: GPL-2.0-or-later */
/* url_path - the way from one file to another as a relative reference of a URL (RFC 3986). */
#ifndef DARKROOM_SUPERVISOR_URL_PATH_H
#define DARKROOM_SUPERVISOR_URL_PATH_H

/* What a page at @from writes to lead to @to, both relative to one root and without empty, "." and ".." components:
 * "../b/c%20d.png". Every byte but letters, digits, "-", ".", "_" and "~" is escaped, so that names may be any bytes,
 * and the reference can stand in any attribute. The caller frees; NULL when memory is out. */
char *url_path(const char *from, const char *to);

#endif
