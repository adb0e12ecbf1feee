// Linked with the archive: malloc lies in the program itself, and libc's functions use it too.
#include "check.h"

int main(int argc, char **argv) {
    (void)argc;
    Dl_info ours, mine;
    CHECK(dladdr((void *)malloc, &ours) != 0 && dladdr((void *)main, &mine) != 0);
    CHECK(ours.dli_fbase == mine.dli_fbase);
    char *text = strdup(argv[0]);
    CHECK(text != NULL && malloc_usable_size(text) >= strlen(argv[0]) + 1);
    struct mallinfo2 before = mallinfo2();
    void *block = malloc(10 << 20);
    CHECK(mallinfo2().uordblks - before.uordblks >= 10 << 20);
    free(block);
    free(text);
    CHECK(!mapped("libgomalloc") && !mapped("[heap]"));
    puts("done");
    return 0;
}
