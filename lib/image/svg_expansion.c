/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_expansion - see svg_expansion.h.
 *
 * librsvg builds its tree of all that is referred to before it can be asked anything, so expat counts ahead of it: what
 * entities stand for by itself (its protection from "a billion laughs"), attributes that are not written here. The two
 * have to see the same text: where the file's declaration names an encoding that both do not have built in, expat gets
 * what libxml2, which reads for librsvg, makes of it. Nothing else than ASCII can stand before (svg_start.h). */
#define XML_DTD /* expat is built with it, and declares the protection only then */
#include "image/svg_expansion.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <expat.h>
#include <libxml/encoding.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PART_BYTES = 1 << 20, CODED_PART_BYTES = 1 << 14, ENCODING_NAME_MAX = 40 };

#define BLANKS " \t\r\n"
#define DECLARATION "<?xml"
#define UTF8_MARK "\xEF\xBB\xBF"

/* What both read by themselves, and as expat calls it. */
static const struct {
    const char *name, *known;
} plain_encodings[] = {
    { "UTF-8", "UTF-8" },           { "UTF8", "UTF-8" },
    { "US-ASCII", "US-ASCII" },     { "ASCII", "US-ASCII" },
    { "ISO-8859-1", "ISO-8859-1" }, { "ISO-LATIN-1", "ISO-8859-1" },
};

/* What the file says of its own bytes. */
struct encoding_said {
    char name[ENCODING_NAME_MAX + 1]; /* "": nothing */
    const char *known;                /* as expat calls it, or NULL */
    size_t begins;                    /* where the name ends, and what it is said of begins */
};

static const char *known_encoding(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(plain_encodings); i++)
        if (strcasecmp(name, plain_encodings[i].name) == 0)
            return plain_encodings[i].known;
    return NULL;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at && strchr(BLANKS, *at))
        at++;
    return at;
}

/* From behind the word "encoding": a name in quotes. */
static void read_name(const char *at, const char *end, const char *data, struct encoding_said *ret)
{
    const char *last;

    at = skip_blanks(at, end);
    if (at < end && *at == '=')
        at = skip_blanks(at + 1, end);
    if (at == end || (*at != '"' && *at != '\''))
        return;
    last = memchr(at + 1, *at, (size_t)(end - at - 1));
    if (!last)
        return;
    snprintf(ret->name, sizeof ret->name, "%.*s",
             last - at - 1 > ENCODING_NAME_MAX ? ENCODING_NAME_MAX : (int)(last - at - 1), at + 1);
    ret->begins = (size_t)(last - data);
}

/* A declaration is one at the very beginning alone. */
static struct encoding_said encoding_said(const char *data, size_t size)
{
    struct encoding_said said = { .name = "" };
    const char *at = data, *end = data + size, *word;

    if (size >= strlen(UTF8_MARK) && memcmp(at, UTF8_MARK, strlen(UTF8_MARK)) == 0)
        at += strlen(UTF8_MARK);
    if ((size_t)(end - at) <= strlen(DECLARATION) || memcmp(at, DECLARATION, strlen(DECLARATION)) != 0)
        return said;
    end = memmem(at, (size_t)(end - at), "?>", 2) ?: end;
    word = memmem(at, (size_t)(end - at), "encoding", strlen("encoding"));
    if (word)
        read_name(word + strlen("encoding"), end, data, &said);
    said.known = known_encoding(said.name);
    return said;
}

struct counting {
    XML_Parser parser;
    size_t unwritten, unwritten_max; /* bytes of attributes */
    uint64_t elements;
};

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct counting *counting = data;

    (void)name;
    counting->elements++;
    for (attributes += XML_GetSpecifiedAttributeCount(counting->parser); *attributes; attributes++)
        counting->unwritten += strlen(*attributes) + 1;
    if (counting->unwritten > counting->unwritten_max)
        XML_StopParser(counting->parser, XML_FALSE);
}

static enum XML_Error parse(XML_Parser parser, const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        size_t part = size - done < PART_BYTES ? size - done : PART_BYTES;

        if (XML_Parse(parser, data + done, (int)part, done + part == size) != XML_STATUS_OK)
            return XML_GetErrorCode(parser);
        done += part;
    }
    return XML_ERROR_NONE;
}

/* ---- other encodings ---- */

struct conversion {
    xmlCharEncodingHandler *decoder;
    xmlBuffer *coded, *text;
};

static void ignore_error(void *context, xmlError *error)
{
    (void)context, (void)error;
}

/* All of what is there to be converted, but for the beginning of a character; false when that cannot be done. */
static bool convert(XML_Parser parser, struct conversion *conversion, enum XML_Error *ret)
{
    *ret = XML_ERROR_NONE;
    while (*ret == XML_ERROR_NONE && xmlBufferLength(conversion->coded) > 0) {
        int before = xmlBufferLength(conversion->coded);
        int r = xmlCharEncInFunc(conversion->decoder, conversion->text, conversion->coded);

        if (xmlBufferLength(conversion->text) > 0 &&
            XML_Parse(parser, (const char *)xmlBufferContent(conversion->text),
                      xmlBufferLength(conversion->text), XML_FALSE) != XML_STATUS_OK)
            *ret = XML_GetErrorCode(parser);
        xmlBufferEmpty(conversion->text);
        if (xmlBufferLength(conversion->coded) == before)
            return r >= 0;
    }
    return true;
}

static enum XML_Error parse_converted(XML_Parser parser, struct conversion *conversion, const char *data,
                                      size_t size)
{
    enum XML_Error code = XML_ERROR_NONE;

    for (size_t done = 0; done < size && code == XML_ERROR_NONE;) {
        size_t part = size - done < CODED_PART_BYTES ? size - done : CODED_PART_BYTES;

        if (xmlBufferAdd(conversion->coded, (const xmlChar *)data + done, (int)part) != 0)
            return XML_ERROR_NO_MEMORY;
        if (!convert(parser, conversion, &code))
            return XML_ERROR_UNKNOWN_ENCODING;
        done += part;
    }
    if (code == XML_ERROR_NONE && xmlBufferLength(conversion->coded) > 0)
        return XML_ERROR_UNKNOWN_ENCODING;
    if (code == XML_ERROR_NONE && XML_Parse(parser, "", 0, XML_TRUE) != XML_STATUS_OK)
        return XML_GetErrorCode(parser);
    return code;
}

static enum XML_Error parse_coded(XML_Parser parser, const struct encoding_said *said, const char *data,
                                  size_t size)
{
    struct conversion conversion = { xmlFindCharEncodingHandler(said->name), xmlBufferCreate(),
                                     xmlBufferCreate() };
    enum XML_Error code = XML_ERROR_UNKNOWN_ENCODING;

    xmlSetStructuredErrorFunc(NULL, ignore_error);
    if (!conversion.coded || !conversion.text)
        code = XML_ERROR_NO_MEMORY;
    else if (conversion.decoder && XML_Parse(parser, data, (int)said->begins, XML_FALSE) != XML_STATUS_OK)
        code = XML_GetErrorCode(parser);
    else if (conversion.decoder)
        code = parse_converted(parser, &conversion, data + said->begins, size - said->begins);
    xmlSetStructuredErrorFunc(NULL, NULL);
    if (conversion.decoder)
        xmlCharEncCloseFunc(conversion.decoder);
    xmlBufferFree(conversion.coded);
    xmlBufferFree(conversion.text);
    return code;
}

/* ---- all of it ---- */

static int failure(XML_Parser parser, enum XML_Error code, const struct encoding_said *said,
                   struct error *error)
{
    char name[4 * sizeof said->name];

    switch (code) {
    case XML_ERROR_NONE:
        return 0;
    case XML_ERROR_NO_MEMORY:
        return error_set(error, ENOMEM, CLASS_MEMORY, STAGE_PROBE, "no memory for its declarations");
    case XML_ERROR_AMPLIFICATION_LIMIT_BREACH:
    case XML_ERROR_ABORTED:
        return error_set(error, EFBIG, CLASS_PERMANENT, STAGE_LIMITS,
                         "what its DOCTYPE declares makes it more than %d times as long and than %d MB",
                         SVG_EXPANSION_MAX, SVG_EXPANSION_FREE >> 20);
    case XML_ERROR_UNKNOWN_ENCODING:
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE,
                         "it is not to be read in the encoding that it names, \"%s\": save it as UTF-8",
                         text_escape(said->name, name, sizeof name));
    default:
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE, "XML parse error: %s in line %lu",
                         XML_ErrorString(code), (unsigned long)XML_GetCurrentLineNumber(parser));
    }
}

static int count(XML_Parser parser, const void *data, size_t size, const struct encoding_said *said,
                 uint64_t *ret_elements, struct error *error)
{
    struct counting counting = { .parser = parser, .unwritten_max = SVG_EXPANSION_FREE + size };
    bool plain = said->name[0] == '\0' || said->known;
    enum XML_Error code;

    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser, SVG_EXPANSION_MAX);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser, SVG_EXPANSION_FREE);
    XML_SetParamEntityParsing(parser, XML_PARAM_ENTITY_PARSING_ALWAYS);
    XML_SetUserData(parser, &counting);
    XML_SetStartElementHandler(parser, on_start);
    code = plain ? parse(parser, data, size) : parse_coded(parser, said, data, size);
    *ret_elements = counting.elements;
    return failure(parser, code, said, error);
}

int svg_expansion_check(const void *data, size_t size, uint64_t *ret_elements, struct error *error)
{
    struct encoding_said said = encoding_said(data, size);
    bool plain = said.name[0] == '\0' || said.known;
    XML_Parser parser;
    int r;

    *ret_elements = 0;
    if (plain && !memmem(data, size, "<!DOCTYPE", strlen("<!DOCTYPE")))
        return 0;
    parser = XML_ParserCreate(plain ? said.known : "UTF-8");
    if (!parser)
        return failure(NULL, XML_ERROR_NO_MEMORY, &said, error);
    r = count(parser, data, size, &said, ret_elements, error);
    XML_ParserFree(parser);
    return r;
}
