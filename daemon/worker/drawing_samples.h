/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing_samples - 16 × 16 pixels drawn for the self-test, with text in letters that the file does not bring. */
#ifndef DARKROOM_WORKER_DRAWING_SAMPLES_H
#define DARKROOM_WORKER_DRAWING_SAMPLES_H

/* With a GIF and an SVG inside. */
static const char svg_sample[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:l=\"http://www.w3.org/1999/xlink\" width=\"16\" "
    "height=\"16\"><rect width=\"16\" height=\"9\" fill=\"#08f\" opacity=\"0.5\"/>"
    "<text y=\"14\" font-size=\"12\" font-family=\"sans-serif\">Ag</text>"
    "<image width=\"1\" height=\"1\" "
    "l:href=\"data:image/gif;base64,R0lGODdhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs=\"/>"
    "<image width=\"1\" height=\"1\" l:href=\"data:image/svg+xml,%3Csvg "
    "xmlns='http://www.w3.org/2000/svg' width='1' height='1'/%3E\"/></svg>";

static const char pdf_sample[] =
    "%PDF-1.4\n"
    "1 0 obj<</Type/Catalog/Pages 2 0 R>> endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 16 16]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> "
    "endobj\n"
    "4 0 obj<</Length 29>>stream\nBT /F 12 Tf 2 2 Td (Ag) Tj ET\nendstream endobj\n"
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
    "xref\n0 6\n"
    "0000000000 65535 f \n"
    "0000000009 00000 n \n"
    "0000000053 00000 n \n"
    "0000000103 00000 n \n"
    "0000000211 00000 n \n"
    "0000000286 00000 n \n"
    "trailer<</Size 6/Root 1 0 R>>\n"
    "startxref\n348\n%%EOF\n";

#endif
