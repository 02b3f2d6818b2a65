/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lib/image/xmp_packet: texts and what is left of them, byte for byte. */
#include "image/xmp_packet.h"

#include "base/cleanup.h"
#include "recipe/recipe.h"
#include "unit_main.h"

#include <string.h>

#define NAMESPACES                                                                                           \
    "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/' "                \
    "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "                   \
    "xmlns:d='http://www.dji.com/drone-dji/1.0/' xmlns:n='http://ns.adobe.com/xmp/note/'"
#define OPEN                                                                                                 \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF "                                                            \
    "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' " NAMESPACES ">"
#define CLOSE "</r:RDF></x:xmpmeta>"
#define IN(text) OPEN "<r:Description r:about=''>" text "</r:Description>" CLOSE

static const struct {
    const char *what, *text;
    unsigned keep;
    const char *left; /* NULL: nothing */
} packets[] = {
    { "a property stays", IN("<xmp:Label>red &amp; blue</xmp:Label>"), METADATA_XMP,
      IN("<xmp:Label>red &amp; blue</xmp:Label>") },
    { "nothing is asked for", IN("<xmp:Label>red</xmp:Label>"), METADATA_GPS | METADATA_EXIF, NULL },
    { "a place goes", IN("<xmp:Label/><exif:GPSLatitude>48</exif:GPSLatitude>"), METADATA_XMP,
      IN("<xmp:Label/>") },
    { "a place stays on request", IN("<exif:GPSLatitude>48</exif:GPSLatitude>"), METADATA_XMP | METADATA_GPS,
      IN("<exif:GPSLatitude>48</exif:GPSLatitude>") },
    { "a place as an attribute goes",
      OPEN
      "<r:Description r:about='' exif:GPSLatitude = \"48>'\"\n xmp:Label='x' exif:GPSLongitude='1'/>" CLOSE,
      METADATA_XMP, OPEN "<r:Description r:about=''\n xmp:Label='x'/>" CLOSE },
    { "a drone's place goes", IN("<xmp:Label/><d:GpsLongtitude>1</d:GpsLongtitude><d:RelLatitude/>"),
      METADATA_XMP, IN("<xmp:Label/>") },
    { "a place within a property goes",
      IN("<xmp:Label><r:Bag><r:li exif:GPSAltitude='1' xmp:a='2'/></r:Bag></xmp:Label>"), METADATA_XMP,
      IN("<xmp:Label><r:Bag><r:li xmp:a='2'/></r:Bag></xmp:Label>") },
    { "prefixes are only prefixes",
      OPEN "<r:Description xmlns:q='http://ns.adobe.com/exif/1.0/' q:GPSTimeStamp='1' xmp:Label='2'/>" CLOSE,
      METADATA_XMP, OPEN "<r:Description xmlns:q='http://ns.adobe.com/exif/1.0/' xmp:Label='2'/>" CLOSE },
    { "a namespace may be declared between properties",
      OPEN "<r:Description xmp:Label='2' xmlns:q='http://ns.adobe.com/exif/1.0/' q:GPSTimeStamp='1'/>" CLOSE,
      METADATA_XMP, OPEN "<r:Description xmp:Label='2' xmlns:q='http://ns.adobe.com/exif/1.0/'/>" CLOSE },
    { "how pixels are stored goes, and thumbnails do",
      IN("<xmp:Label/><tiff:Orientation>6</tiff:Orientation><xmp:Thumbnails><r:Alt/></xmp:Thumbnails>"
         "<n:HasExtendedXMP>0123</n:HasExtendedXMP>"),
      METADATA_XMP | METADATA_GPS, IN("<xmp:Label/>") },
    { "of the rights alone, the rest goes",
      OPEN
      "<!-- c --><r:Description r:about='' xmp:Label='x' dc:format='y'>\n <dc:rights>me</dc:rights> text "
      "<xmp:Label/></r:Description>\n<xmp:Odd/>" CLOSE,
      METADATA_COPYRIGHT, OPEN "<r:Description r:about=''><dc:rights>me</dc:rights></r:Description>" CLOSE },
    { "rights may be attributes", OPEN "<r:Description tiff:Artist='me' xmp:Label='x'/>" CLOSE,
      METADATA_COPYRIGHT, OPEN "<r:Description tiff:Artist='me'/>" CLOSE },
    { "no rights, no packet", IN("<xmp:Label>red</xmp:Label>"), METADATA_COPYRIGHT, NULL },
    { "nothing but places, no packet", IN("<exif:GPSLatitude>48</exif:GPSLatitude>"), METADATA_XMP, NULL },
    { "the wrapper stays, and its padding goes",
      "<?xpacket begin='\xef\xbb\xbf' id='x'?>\n" IN("<xmp:Label/>") "\n   \n   \n<?xpacket end='w'?>",
      METADATA_XMP, "<?xpacket begin='\xef\xbb\xbf' id='x'?>\n" IN("<xmp:Label/>") "<?xpacket end='w'?>" },
    { "what is beside the RDF goes",
      "<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='t'><x:odd/>"
      "<r:RDF "
      "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' " NAMESPACES
      "><r:Description dc:rights='me'/></r:RDF><x:odd/></x:xmpmeta>",
      METADATA_COPYRIGHT,
      "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF "
      "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' " NAMESPACES
      "><r:Description dc:rights='me'/></r:RDF></x:xmpmeta>" },
    { "not well-formed", IN("<xmp:Label>"), METADATA_XMP, NULL },
    { "cut off", OPEN "<r:Description xmp:Label='x'", METADATA_XMP, NULL },
    { "not XML", "xmp", METADATA_XMP, NULL },
    { "empty", "", METADATA_XMP, NULL },
    { "another root", "<xmp:Label xmlns:xmp='http://ns.adobe.com/xap/1.0/'>x</xmp:Label>", METADATA_XMP,
      NULL },
    { "no UTF-8", IN("<xmp:Label>\xe9</xmp:Label>"), METADATA_XMP, NULL },
    { "a document type",
      "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" IN("<xmp:Label>&b;</xmp:Label>"), METADATA_XMP,
      NULL },
};

START_TEST(a_packet_is_reduced)
{
    _cleanup_free_ void *left = NULL;
    size_t size;
    int r = xmp_packet_reduce(packets[_i].text, strlen(packets[_i].text), packets[_i].keep, &left, &size);

    ck_assert_int_eq(r, 0);
    ck_assert_msg((left != NULL) == (packets[_i].left != NULL), "%s: %.*s", packets[_i].what, (int)size,
                  (char *)left);
    if (left)
        ck_assert_msg(size == strlen(packets[_i].left) && memcmp(left, packets[_i].left, size) == 0,
                      "%s: %.*s", packets[_i].what, (int)size, (char *)left);
}
END_TEST

START_TEST(nuls_at_the_end_are_none_of_the_packet)
{
    static const char text[] = IN("<xmp:Label/>") "\0\0\0";
    _cleanup_free_ void *left = NULL;
    size_t size;

    ck_assert_int_eq(xmp_packet_reduce(text, sizeof text, METADATA_XMP, &left, &size), 0);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

/* Whatever its bytes, nothing is read or written beyond the packet; sanitizers watch. */
START_TEST(a_damaged_packet_does_no_harm)
{
    const char *text = packets[_i].text;
    size_t size = strlen(text);

    for (size_t at = 0; at < size; at++) {
        static const char damages[] = "<>'\"/ =&\xff";

        for (size_t i = 0; i < sizeof damages; i++) {
            _cleanup_free_ char *damaged = malloc(size);
            _cleanup_free_ void *left = NULL;
            size_t left_size;

            ck_assert_ptr_nonnull(damaged);
            memcpy(damaged, text, size);
            damaged[at] = damages[i];
            ck_assert_int_eq(xmp_packet_reduce(damaged, size, packets[_i].keep, &left, &left_size), 0);
            ck_assert_uint_le(left_size, size);
        }
    }
}
END_TEST

UNIT_MAIN("xmp_packet", UNIT_ROWS(a_packet_is_reduced, packets),
          UNIT_TEST(nuls_at_the_end_are_none_of_the_packet),
          UNIT_ROWS(a_damaged_packet_does_no_harm, packets))
