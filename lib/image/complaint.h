/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complaint - what a decoder had to say about a failure, made into one line for a person. Pure text. */
#ifndef DARKROOM_IMAGE_COMPLAINT_H
#define DARKROOM_IMAGE_COMPLAINT_H

#include "base/error.h"

/* Lines that begin with this and ": " are warnings, told after what is worse. */
#define COMPLAINT_WARNING "warning"

/* Fills @error with "@what: " and the lines of @message joined by "; ", without repetitions, escaped and cut.
 * A message about memory changes @class to memory; one about an early end says "truncated", whatever the
 * library called it. Returns -ENOMEM for memory, else -EBADMSG. */
int complaint(struct error *error, enum error_class class, enum error_stage stage, const char *what,
              const char *message);

#endif
