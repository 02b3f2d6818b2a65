/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xmp_packet - see xmp_packet.h; ISO 16684-1.
 *
 *     <?xpacket …?> <x:xmpmeta> <rdf:RDF> <rdf:Description attribute-properties> property elements …
 *
 * Expat reads the text and says where each piece of it stands; what is not wanted is left out when the text is copied.
 * Of attributes expat tells names and values in their order, but not where they are: a start tag that expat has let
 * pass is plain enough to be cut into attributes here. */
#include "image/xmp_packet.h"

#include "base/cleanup.h"
#include "recipe/recipe.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATOR '\n' /* between namespace and name: no namespace has it */

#define NS_RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define NS_DC "http://purl.org/dc/elements/1.1/"
#define NS_CC "http://creativecommons.org/ns#"
#define NS_EXIF "http://ns.adobe.com/exif/1.0/"
#define NS_TIFF "http://ns.adobe.com/tiff/1.0/"
#define NS_PHOTOSHOP "http://ns.adobe.com/photoshop/1.0/"
#define NS_RIGHTS "http://ns.adobe.com/xap/1.0/rights/"
#define NS_PLUS "http://ns.useplus.org/ldf/xmp/1.0/"
#define NS_META "adobe:ns:meta/"

/* A NULL name means the whole namespace. */
struct property {
    const char *space, *name;
};

static const struct property rights[] = {
    { NS_DC, "rights" },         { NS_DC, "creator" },
    { NS_RIGHTS, NULL },         { NS_CC, NULL },
    { NS_TIFF, "Artist" },       { NS_TIFF, "Copyright" },
    { NS_PHOTOSHOP, "Credit" },  { NS_PLUS, "CopyrightOwner" },
    { NS_PLUS, "ImageCreator" }, { NS_PLUS, "Licensor" },
    { NS_PLUS, "DataMining" },
};

static const struct property never_kept[] = {
    { NS_TIFF, "ImageWidth" },
    { NS_TIFF, "ImageLength" },
    { NS_TIFF, "BitsPerSample" },
    { NS_TIFF, "Compression" },
    { NS_TIFF, "PhotometricInterpretation" },
    { NS_TIFF, "Orientation" },
    { NS_TIFF, "SamplesPerPixel" },
    { NS_TIFF, "PlanarConfiguration" },
    { NS_TIFF, "YCbCrSubSampling" },
    { NS_TIFF, "YCbCrPositioning" },
    { NS_EXIF, "PixelXDimension" },
    { NS_EXIF, "PixelYDimension" },
    { NS_EXIF, "ColorSpace" },
    { NS_PHOTOSHOP, "ColorMode" },
    { NS_PHOTOSHOP, "ICCProfile" },
    { "http://ns.adobe.com/xap/1.0/", "Thumbnails" },
    { "http://ns.adobe.com/xmp/note/", NULL },              /* that the packet goes on elsewhere */
    { "http://ns.adobe.com/hdr-gain-map/1.0/", NULL },      /* a second picture in the file */
    { "http://ns.google.com/photos/1.0/container/", NULL }, /* and others, */
    { "http://ns.google.com/photos/1.0/camera/", NULL },    /* and a film */
};

struct name {
    const char *space, *local;
    size_t space_length;
};

struct copying {
    XML_Parser parser;
    const char *from;
    size_t size;
    unsigned keep;

    char *to;
    size_t used, copied; /* bytes of the copy; up to where in the text it is done */

    unsigned depth;     /* of elements around */
    unsigned rdf_depth; /* of rdf:RDF itself, 0: outside */
    unsigned cut_depth; /* of the element that is being cut out, 0: none is */
    size_t cut_from;
    size_t root_end;   /* where the outermost element ended */
    size_t properties; /* that were kept */
};

static void copying_release(struct copying *copying)
{
    if (copying->parser)
        XML_ParserFree(copying->parser);
    free(copying->to);
}

/* ---- text ---- */

static size_t event_start(const struct copying *copying)
{
    return (size_t)XML_GetCurrentByteIndex(copying->parser);
}

static size_t event_end(const struct copying *copying)
{
    return event_start(copying) + (size_t)XML_GetCurrentByteCount(copying->parser);
}

/* Copies up to @until what has not been cut. */
static void copy_until(struct copying *copying, size_t until)
{
    memcpy(copying->to + copying->used, copying->from + copying->copied, until - copying->copied);
    copying->used += until - copying->copied;
    copying->copied = until;
}

static void cut(struct copying *copying, size_t from, size_t to)
{
    copy_until(copying, from);
    copying->copied = to;
}

static void cut_event(struct copying *copying)
{
    cut(copying, event_start(copying), event_end(copying));
}

/* ---- names ---- */

static struct name name_of(const char *expanded)
{
    const char *separator = strrchr(expanded, SEPARATOR);

    if (!separator)
        return (struct name){ "", expanded, 0 };
    return (struct name){ expanded, separator + 1, (size_t)(separator - expanded) };
}

static bool is_in(const struct name *name, const char *space)
{
    return strlen(space) == name->space_length && memcmp(name->space, space, name->space_length) == 0;
}

static bool is_named(const struct name *name, const char *space, const char *local)
{
    return is_in(name, space) && (!local || strcmp(name->local, local) == 0);
}

static bool is_listed(const struct name *name, const struct property *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_named(name, list[i].space, list[i].name))
            return true;
    return false;
}

/* In whatever namespace: cameras and drones have their own. */
static bool is_place(const struct name *name)
{
    return strncasecmp(name->local, "gps", 3) == 0 || strcasestr(name->local, "latitude") ||
           strcasestr(name->local, "longitude");
}

/* ---- what is wanted ---- */

static bool keeps_all(const struct copying *copying)
{
    return copying->keep & METADATA_XMP;
}

static bool is_forbidden(const struct copying *copying, const struct name *name)
{
    return is_listed(name, never_kept, ARRAY_SIZE(never_kept)) ||
           (!(copying->keep & METADATA_GPS) && is_place(name));
}

static bool is_wanted_property(const struct copying *copying, const struct name *name)
{
    if (is_forbidden(copying, name))
        return false;
    return keeps_all(copying) || is_listed(name, rights, ARRAY_SIZE(rights));
}

/* How deep in rdf:RDF the element at the current depth is: 1 are descriptions, 2 their properties, … */
static unsigned level(const struct copying *copying)
{
    return copying->depth - copying->rdf_depth;
}

static bool is_wanted_element(struct copying *copying, const struct name *name)
{
    if (copying->rdf_depth == 0)
        return is_named(name, NS_RDF, "RDF") || (copying->depth == 1 && is_in(name, NS_META));
    if (level(copying) == 1)
        return is_named(name, NS_RDF, "Description");
    return level(copying) == 2 ? is_wanted_property(copying, name) : !is_forbidden(copying, name);
}

/* A description's attributes are properties, but those of RDF itself. */
static bool is_wanted_attribute(struct copying *copying, const struct name *name)
{
    if (copying->rdf_depth == 0)
        return keeps_all(copying);
    if (level(copying) == 1)
        return is_in(name, NS_RDF) || is_wanted_property(copying, name);
    return !is_forbidden(copying, name);
}

/* ---- attributes ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
    while (at < end && is_blank(text[at]))
        at++;
    return at;
}

static size_t skip_to(const char *text, size_t at, size_t end, const char *stops)
{
    while (at < end && !strchr(stops, text[at]))
        at++;
    return at;
}

/* One attribute of a well-formed start tag, with the blanks before it. */
struct attribute {
    size_t start, name, end;
};

static bool next_attribute(const char *text, size_t at, size_t end, struct attribute *ret)
{
    size_t name = skip_blanks(text, at, end), quote;
    char quotes[2] = "";

    if (name >= end || text[name] == '/' || text[name] == '>')
        return false;
    quote = skip_to(text, name, end, "\"'");
    if (quote >= end)
        return false;
    quotes[0] = text[quote];
    *ret = (struct attribute){ at, name, skip_to(text, quote + 1, end, quotes) + 1 };
    return ret->end <= end;
}

static bool is_declaration(const char *text, const struct attribute *attribute)
{
    const char *name = text + attribute->name;

    return attribute->end - attribute->name > 6 && memcmp(name, "xmlns", 5) == 0 &&
           (name[5] == ':' || name[5] == '=' || is_blank(name[5]));
}

/* Expat's @attributes are names and values in turn, and have no declarations of namespaces. */
static void copy_attributes(struct copying *copying, const XML_Char **attributes)
{
    size_t end = event_end(copying);
    size_t at = skip_to(copying->from, event_start(copying), end, " \t\r\n/>");
    struct attribute attribute;

    for (; next_attribute(copying->from, at, end, &attribute); at = attribute.end) {
        struct name name;

        if (is_declaration(copying->from, &attribute) || !*attributes)
            continue;
        name = name_of(*attributes);
        attributes += 2;
        if (!is_wanted_attribute(copying, &name))
            cut(copying, attribute.start, attribute.end);
        else if (copying->rdf_depth > 0 && level(copying) == 1 && !is_in(&name, NS_RDF))
            copying->properties++;
    }
}

/* ---- events ---- */

static void on_start(void *data, const XML_Char *expanded, const XML_Char **attributes)
{
    struct copying *copying = data;
    struct name name = name_of(expanded);

    copying->depth++;
    if (copying->cut_depth > 0)
        return;
    if (!is_wanted_element(copying, &name)) {
        copying->cut_depth = copying->depth;
        copying->cut_from = event_start(copying);
        return;
    }
    copy_attributes(copying, attributes);
    if (copying->rdf_depth == 0 && is_named(&name, NS_RDF, "RDF"))
        copying->rdf_depth = copying->depth;
    else if (copying->rdf_depth > 0 && level(copying) == 2)
        copying->properties++;
}

static void on_end(void *data, const XML_Char *name)
{
    struct copying *copying = data;

    (void)name;
    if (copying->cut_depth == copying->depth) {
        cut(copying, copying->cut_from, event_end(copying));
        copying->cut_depth = 0;
    }
    if (copying->rdf_depth == copying->depth)
        copying->rdf_depth = 0;
    if (--copying->depth == 0)
        copying->root_end = event_end(copying);
}

/* Nothing but properties has text that means something. */
static void on_text(void *data, const XML_Char *text, int length)
{
    struct copying *copying = data;

    (void)text;
    (void)length;
    if (copying->cut_depth == 0 && !keeps_all(copying) && (copying->rdf_depth == 0 || level(copying) < 2))
        cut_event(copying);
}

static void on_comment(void *data, const XML_Char *text)
{
    struct copying *copying = data;

    (void)text;
    if (copying->cut_depth == 0 && !keeps_all(copying))
        cut_event(copying);
}

/* The second half of the packet's wrapper comes after the padding. */
static void on_instruction(void *data, const XML_Char *target, const XML_Char *text)
{
    struct copying *copying = data;
    bool wrapper = copying->depth == 0 && strcmp(target, "xpacket") == 0;

    (void)text;
    if (copying->cut_depth == 0 && !keeps_all(copying) && !wrapper)
        cut_event(copying);
    else if (wrapper && copying->root_end >= copying->copied && copying->root_end > 0)
        cut(copying, copying->root_end, event_start(copying));
}

/* What could have entities is no packet. */
static void on_doctype(void *data, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int has_internal)
{
    struct copying *copying = data;

    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal;
    XML_StopParser(copying->parser, XML_FALSE);
}

/* ---- the whole ---- */

static const struct property *property_at(size_t index)
{
    if (index < ARRAY_SIZE(rights))
        return &rights[index];
    index -= ARRAY_SIZE(rights);
    return index < ARRAY_SIZE(never_kept) ? &never_kept[index] : NULL;
}

const char *xmp_packet_word(size_t index)
{
    const struct property *property = property_at(index / 2);

    if (!property)
        return NULL;
    return index % 2 == 0 || !property->name ? property->space : property->name;
}

static int begin(struct copying *copying)
{
    copying->to = malloc(copying->size);
    copying->parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (!copying->to || !copying->parser)
        return -ENOMEM;

    XML_SetUserData(copying->parser, copying);
    XML_SetElementHandler(copying->parser, on_start, on_end);
    XML_SetCharacterDataHandler(copying->parser, on_text);
    XML_SetCommentHandler(copying->parser, on_comment);
    XML_SetProcessingInstructionHandler(copying->parser, on_instruction);
    XML_SetStartDoctypeDeclHandler(copying->parser, on_doctype);
    return 0;
}

/* False when it is no packet. */
static int copy(struct copying *copying)
{
    if (XML_Parse(copying->parser, copying->from, (int)copying->size, XML_TRUE) != XML_STATUS_OK)
        return XML_GetErrorCode(copying->parser) == XML_ERROR_NO_MEMORY ? -ENOMEM : 0;
    copy_until(copying, copying->size);
    return copying->properties > 0;
}

/* Writers fill the room that they have with NULs. */
static size_t length_of(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] == '\0')
        size--;
    return size;
}

int xmp_packet_reduce(const void *data, size_t size, unsigned keep, void **ret, size_t *ret_size)
{
    _cleanup_(copying_release) struct copying copying = { .from = data,
                                                          .size = length_of(data, size),
                                                          .keep = keep };
    int r;

    *ret = NULL;
    *ret_size = 0;
    if (!(keep & (METADATA_XMP | METADATA_COPYRIGHT)) || copying.size == 0 ||
        copying.size > XMP_PACKET_BYTES_MAX)
        return 0;

    r = begin(&copying);
    if (r == 0)
        r = copy(&copying);
    if (r <= 0)
        return r;

    *ret = take_ptr(copying.to);
    *ret_size = copying.used;
    return 0;
}
