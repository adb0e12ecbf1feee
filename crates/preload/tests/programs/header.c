// gomalloc.h declares what <stdlib.h> and <malloc.h> of the day may lack.
#include <gomalloc.h>

#include "check.h"

int main(void) {
    require_library();
    void *block = malloc(100), *aligned = aligned_alloc(64, 128);
    CHECK(block != NULL && aligned != NULL);
    CHECK(malloc_usable_size(block) >= 100);
    CHECK((block = reallocarray(block, 10, 20)) != NULL);
    free_sized(block, 200);
    free_aligned_sized(aligned, 64, 128);
    CHECK(GOMALLOC_VERSION_MAJOR >= 0);
    puts("done");
    return 0;
}
