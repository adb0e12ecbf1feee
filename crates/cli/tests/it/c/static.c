/* A statically linked program: nothing can be preloaded into it. It is never run. */
void _start(void) {
    for (;;) {
    }
}
