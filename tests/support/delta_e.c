/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delta_e - see delta_e.h. The names and the numbers of the equations are those of the paper. */
#include "delta_e.h"

#include <math.h>

static const double POWER_25_7 = 6103515625.0; /* 25 to the 7th */

static double degrees(double radians)
{
    return radians * 180 / M_PI;
}

static double radians(double degrees_)
{
    return degrees_ * M_PI / 180;
}

/* (4), (17): chroma near grey counts for more, turning of blues. */
static double weight_of_chroma(double chroma)
{
    double power = pow(chroma, 7);

    return sqrt(power / (power + POWER_25_7));
}

/* (7): 0 to 360 degrees; 0 for grey. */
static double hue(double a, double b)
{
    double angle;

    if (a == 0 && b == 0)
        return 0;
    angle = degrees(atan2(b, a));
    return angle < 0 ? angle + 360 : angle;
}

/* (10) */
static double hue_difference(double h1, double h2, double chroma_product)
{
    double difference = h2 - h1;

    if (chroma_product == 0)
        return 0;
    if (difference > 180)
        return difference - 360;
    return difference < -180 ? difference + 360 : difference;
}

/* (14) */
static double hue_mean(double h1, double h2, double chroma_product)
{
    double sum = h1 + h2;

    if (chroma_product == 0)
        return sum;
    if (fabs(h1 - h2) <= 180)
        return sum / 2;
    return sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
}

/* (15) */
static double hue_weight(double mean)
{
    return 1 - 0.17 * cos(radians(mean - 30)) + 0.24 * cos(radians(2 * mean)) +
           0.32 * cos(radians(3 * mean + 6)) - 0.20 * cos(radians(4 * mean - 63));
}

/* (16) to (20): what the terms for lightness, chroma and hue are divided by, and how blues are turned. */
struct weights {
    double l, c, h, turn;
};

static struct weights weigh(double l_mean, double c_mean, double h_mean)
{
    double l_50 = (l_mean - 50) * (l_mean - 50), turned = (h_mean - 275) / 25;
    double angle = 30 * exp(-turned * turned);

    return (struct weights){
        .l = 1 + 0.015 * l_50 / sqrt(20 + l_50),
        .c = 1 + 0.045 * c_mean,
        .h = 1 + 0.015 * c_mean * hue_weight(h_mean),
        .turn = -sin(radians(2 * angle)) * 2 * weight_of_chroma(c_mean),
    };
}

double delta_e_2000(const struct lab *x, const struct lab *y)
{
    double g = 0.5 * (1 - weight_of_chroma((hypot(x->a, x->b) + hypot(y->a, y->b)) / 2));
    double a1 = (1 + g) * x->a, a2 = (1 + g) * y->a;
    double c1 = hypot(a1, x->b), c2 = hypot(a2, y->b);
    double h1 = hue(a1, x->b), h2 = hue(a2, y->b);
    struct weights weights = weigh((x->l + y->l) / 2, (c1 + c2) / 2, hue_mean(h1, h2, c1 * c2));
    double l = (y->l - x->l) / weights.l, c = (c2 - c1) / weights.c;
    double h = 2 * sqrt(c1 * c2) * sin(radians(hue_difference(h1, h2, c1 * c2)) / 2) / weights.h;

    return sqrt(l * l + c * c + h * h + weights.turn * c * h);
}
