/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delta_e - how different two colours look: CIEDE2000, as published in G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000
 * Color-Difference Formula: Implementation Notes, Supplementary Test Data, and Mathematical Observations", Color
 * Research and Application 30 (2005). */
#ifndef DARKROOM_TESTS_DELTA_E_H
#define DARKROOM_TESTS_DELTA_E_H

/* A colour in CIE L*a*b*. */
struct lab {
    double l, a, b;
};

/* With all parametric factors 1. 1 is about what can just be seen. */
double delta_e_2000(const struct lab *x, const struct lab *y);

#endif
