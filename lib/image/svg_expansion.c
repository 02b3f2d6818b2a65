/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svg_expansion - see svg_expansion.h.
 *
 * librsvg builds its tree of all that is referred to before it can be asked anything, so expat counts ahead of it: what
 * entities stand for by itself (its protection from "a billion laughs"), attributes that are not written here. */
#define XML_DTD /* expat is built with it, and declares the protection only then */
#include "image/svg_expansion.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

enum { PART_BYTES = 1 << 20 };

struct counting {
    XML_Parser parser;
    size_t unwritten, unwritten_max; /* bytes of attributes */
};

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct counting *counting = data;

    (void)name;
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

static int failure(XML_Parser parser, enum XML_Error code, struct error *error)
{
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
    default:
        return error_set(error, EBADMSG, CLASS_PERMANENT, STAGE_PROBE, "XML parse error: %s in line %lu",
                         XML_ErrorString(code), (unsigned long)XML_GetCurrentLineNumber(parser));
    }
}

static int count(XML_Parser parser, const void *data, size_t size, struct error *error)
{
    struct counting counting = { .parser = parser, .unwritten_max = SVG_EXPANSION_FREE + size };

    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser, SVG_EXPANSION_MAX);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser, SVG_EXPANSION_FREE);
    XML_SetParamEntityParsing(parser, XML_PARAM_ENTITY_PARSING_ALWAYS);
    XML_SetUserData(parser, &counting);
    XML_SetStartElementHandler(parser, on_start);
    return failure(parser, parse(parser, data, size), error);
}

int svg_expansion_check(const void *data, size_t size, struct error *error)
{
    XML_Parser parser;
    int r;

    if (!memmem(data, size, "<!DOCTYPE", strlen("<!DOCTYPE")))
        return 0;
    parser = XML_ParserCreate(NULL);
    if (!parser)
        return failure(NULL, XML_ERROR_NO_MEMORY, error);
    r = count(parser, data, size, error);
    XML_ParserFree(parser);
    return r;
}
