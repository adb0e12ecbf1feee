/* A program with an allocator of its own: the linker exports `malloc`, since the C library asks for it. */
#include <stddef.h>
#include <stdio.h>

static char heap[1 << 20];
static size_t used;

void *malloc(size_t size) {
    void *block = heap + used;
    used += (size + 15) & ~(size_t)15;
    return used <= sizeof heap ? block : NULL;
}
void free(void *block) { (void)block; }
void *calloc(size_t count, size_t size) { return malloc(count * size); }
void *realloc(void *block, size_t size) { (void)block; return malloc(size); }

int main(void) {
    void *volatile block = malloc(100);
    puts(block ? "own" : "none");
    return 7;
}
