/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pdf - a PDF of several pages for tests, written here from the definition (PDF 1.4): each page with text whose letters
 * are not in the file, and with lines and areas. */
#ifndef DARKROOM_TESTS_PDF_H
#define DARKROOM_TESTS_PDF_H

#include <check.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { PDF_BYTES_MAX = 16384, PDF_PAGES_MAX = 8, PDF_FIXED_OBJECTS = 4 };

struct pdf {
    char bytes[PDF_BYTES_MAX];
    size_t size;
    size_t objects[PDF_FIXED_OBJECTS + 2 * PDF_PAGES_MAX + 1]; /* where they begin */
};

struct pdf_page {
    double width, height; /* in points, 72 an inch */
};

static inline __attribute__((format(printf, 2, 3))) void pdf_add(struct pdf *pdf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    pdf->size += (size_t)vsnprintf(pdf->bytes + pdf->size, sizeof pdf->bytes - pdf->size, format, args);
    va_end(args);
    ck_assert_uint_lt(pdf->size, sizeof pdf->bytes);
}

static inline void pdf_begin_object(struct pdf *pdf, unsigned number)
{
    pdf->objects[number] = pdf->size;
    pdf_add(pdf, "%u 0 obj", number);
}

/* Objects 1 to 4: the catalogue, the list of pages, a font, how it is encrypted. */
static inline void pdf_add_fixed(struct pdf *pdf, size_t count)
{
    pdf_add(pdf, "%%PDF-1.4\n");
    pdf_begin_object(pdf, 1);
    pdf_add(pdf, "<</Type/Catalog/Pages 2 0 R>>endobj\n");
    pdf_begin_object(pdf, 2);
    pdf_add(pdf, "<</Type/Pages/Count %zu/Kids[", count);
    for (size_t i = 0; i < count; i++)
        pdf_add(pdf, "%zu 0 R ", PDF_FIXED_OBJECTS + 1 + 2 * i);
    pdf_add(pdf, "]>>endobj\n");
    pdf_begin_object(pdf, 3);
    pdf_add(pdf, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n");
    pdf_begin_object(pdf, 4);
    pdf_add(pdf, "<</Filter/Standard/V 1/R 2/P -4/O<%064d>/U<%064d>>>endobj\n", 1, 2);
}

static inline void pdf_add_page(struct pdf *pdf, const struct pdf_page *page, unsigned number,
                                unsigned object)
{
    char content[300];

    snprintf(content, sizeof content,
             "0.9 0.2 0.%u rg %g %g %g %g re f 0 0 1 RG 3 w 5 5 m %g %g l S 0 g BT /F 24 Tf 10 30 Td (Page "
             "%u) Tj ET",
             number, page->width / 4, page->height / 4, page->width / 2, page->height / 2, page->width - 5,
             page->height - 5, number);
    pdf_begin_object(pdf, object);
    pdf_add(pdf,
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Contents %u 0 R/Resources<</Font<</F 3 0 "
            "R>>>>>>endobj\n",
            page->width, page->height, object + 1);
    pdf_begin_object(pdf, object + 1);
    pdf_add(pdf, "<</Length %zu>>stream\n%s\nendstream endobj\n", strlen(content), content);
}

/* Page k has the text "Page k". With @locked it needs a password that nobody knows. */
static inline void pdf_make(struct pdf *pdf, const struct pdf_page *pages, size_t count, bool locked)
{
    unsigned objects = (unsigned)(PDF_FIXED_OBJECTS + 2 * count);
    size_t table;

    ck_assert_uint_le(count, PDF_PAGES_MAX);
    pdf->size = 0;
    pdf_add_fixed(pdf, count);
    for (size_t i = 0; i < count; i++)
        pdf_add_page(pdf, &pages[i], (unsigned)i + 1, (unsigned)(PDF_FIXED_OBJECTS + 1 + 2 * i));

    table = pdf->size;
    pdf_add(pdf, "xref\n0 %u\n0000000000 65535 f \n", objects + 1);
    for (unsigned number = 1; number <= objects; number++)
        pdf_add(pdf, "%010zu 00000 n \n", pdf->objects[number]);
    pdf_add(pdf, "trailer<</Size %u/Root 1 0 R%s>>\nstartxref\n%zu\n%%%%EOF\n", objects + 1,
            locked ? "/Encrypt 4 0 R/ID[<00><00>]" : "", table);
}

#endif
