/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset_files - reads the files that recipes need: by their paths, fonts also by their names. Nothing is decoded here. */
#ifndef DARKROOM_SUPERVISOR_ASSET_FILES_H
#define DARKROOM_SUPERVISOR_ASSET_FILES_H

#include "recipe/asset.h"

/* Reads as whoever runs. */
extern const struct asset_reader asset_files;

#endif
