/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tiff_tree - the directories (IFDs) that a TIFF file and an EXIF block have in common: read, changed, written again.
 *
 * A directory is a list of entries, whose values stand in them or elsewhere in the file. Only four are followed, each
 * once, so no chain of them can be endless; and as many entries may have one value between them, what is written is
 * measured first. Both byte orders and both sizes of offsets (BigTIFF's are 64 bits) are read and written. */
#ifndef DARKROOM_IMAGE_TIFF_TREE_H
#define DARKROOM_IMAGE_TIFF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The directories, parents first. */
enum tiff_place { TIFF_MAIN, TIFF_EXIF, TIFF_GPS, TIFF_INTEROP, TIFF_PLACE_COUNT };

enum tiff_type {
    TIFF_BYTE = 1,
    TIFF_SHORT = 3,
    TIFF_LONG = 4,
    TIFF_UNDEFINED = 7,
    TIFF_IFD = 13,
    TIFF_LONG8 = 16, /* this one and the two that follow are BigTIFF's */
    TIFF_IFD8 = 18,
};

enum { TIFF_HEADER_BYTES = 8 };

struct tiff_entry {
    uint16_t tag, type;
    uint64_t count;
    const unsigned char *value; /* as it stands in the file; NULL: it is @number */
    size_t value_bytes;
    uint64_t number; /* a single one of our own, of @value_bytes */
    bool swapped;    /* the value is of a tree of the other byte order */
};

struct tiff_directory {
    struct tiff_entry *entries; /* in the order of their tags, if the file has them so */
    size_t count, room;
};

struct tiff_tree {
    const unsigned char *bytes; /* somebody else's */
    size_t size;
    bool big_endian, big; /* with offsets of 64 bits */
    struct tiff_directory places[TIFF_PLACE_COUNT];
};

/* Room in a file that is not the tree's to give out. @note: the maker note stands at @from. */
struct tiff_taken {
    size_t from, to;
    bool note;
};

/* Reads the tree of the file at @data, which has to stay, into @ret, without the entries that point from one of its
 * directories to another. What is no TIFF has no entries; entries whose values are not all in the file are left out.
 * tiff_tree_release() frees it in every case. 0, or -ENOMEM. */
int tiff_tree_read(const void *data, size_t size, struct tiff_tree *ret);
void tiff_tree_release(struct tiff_tree *tree);

/* How long the header is, behind which everything else stands. */
size_t tiff_tree_header_bytes(const struct tiff_tree *tree);

/* The entry of @tag, or NULL. */
const struct tiff_entry *tiff_directory_find(const struct tiff_directory *directory, uint16_t tag);

/* Puts @entry in place of the one of its tag, or where it belongs. 0, or -ENOMEM. */
int tiff_directory_put(struct tiff_directory *directory, const struct tiff_entry *entry);

/* A single @number as short as it goes. */
struct tiff_entry tiff_entry_number(uint16_t tag, uint64_t number);

/* The @index-th number of @entry of @tree, of one of the types of whole numbers without a sign; 0 of any other. */
uint64_t tiff_entry_at(const struct tiff_tree *tree, const struct tiff_entry *entry, size_t index);

/* Writes @number as @bytes bytes in the order of @tree. */
void tiff_tree_put_number(const struct tiff_tree *tree, unsigned char *to, uint64_t number, size_t bytes);

/* Where the maker note stood in the file that @tree was read from: its inside may count from the start of that. Nothing
 * but the header is taken when there is none, or it stands in its entry. */
struct tiff_taken tiff_tree_taken_by_note(const struct tiff_tree *tree);

/* Makes a file of @tree, once, of header, directories and values, around what is @taken, of which only the maker note
 * is written. The caller frees *@ret, whose other bytes are 0. 0, -ENOMEM, or -EMSGSIZE when it would have more than
 * @max_bytes or than offsets can count. */
int tiff_tree_store(struct tiff_tree *tree, const struct tiff_taken *taken, size_t max_bytes, void **ret,
                    size_t *ret_size);

#endif
