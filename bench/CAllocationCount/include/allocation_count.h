// Counts what a program takes from the heap. Linking this in is enough: the program's own malloc comes before glibc's.
#pragma once

/// How often anything in this process asked for memory so far.
unsigned long allocation_count(void);
