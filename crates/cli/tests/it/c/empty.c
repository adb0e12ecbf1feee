/* A library that does nothing, and keeps no record. */
extern int nothing;
int nothing;
