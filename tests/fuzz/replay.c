/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay - the main() of a fuzz target without libFuzzer: every file of the directories that are its arguments, once.
 *
 * Each is named before it is tried, so that the last name is the culprit's. A directory that is not there is left out,
 * but at least one file has to be there. */
#include "base/cleanup.h"
#include "base/fd_io.h"
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { INPUT_BYTES_MAX = 64 << 20 };

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR;
}

/* In a block of its own size, so that a sanitizer sees a read behind its end. */
static void replay_file(const char *directory, const char *name)
{
    _cleanup_free_ char *path = NULL, *data = NULL;
    _cleanup_free_ uint8_t *input = NULL;
    _cleanup_close_ int fd = -1;
    size_t size;

    fuzz_expect(asprintf(&path, "%s/%s", directory, name) > 0, "there is memory");
    printf("%s\n", path);
    fflush(stdout);

    fd = open(path, O_RDONLY | O_CLOEXEC);
    fuzz_expect(fd >= 0 && fd_read_file(fd, INPUT_BYTES_MAX, &data, &size) == 0, "%s can be read", path);
    input = malloc(size);
    fuzz_expect(input || size == 0, "there is memory");
    if (size > 0)
        memcpy(input, data, size);
    LLVMFuzzerTestOneInput(input, size);
}

/* Returns how many files there are. */
static size_t replay_directory(const char *directory)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_file, alphasort);

    fuzz_expect(count >= 0 || errno == ENOENT, "%s can be listed", directory);
    for (int i = 0; i < count; i++) {
        replay_file(directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return count > 0 ? (size_t)count : 0;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    if (LLVMFuzzerInitialize(&argc, &argv) != 0)
        return EXIT_FAILURE;
    for (int i = 1; i < argc; i++)
        count += replay_directory(argv[i]);
    printf("%zu inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
