// Start-up and console of an emulated Cortex-M0: what has to happen before Swift runs, and how it speaks.
#include "CBoard.h"
#include <stddef.h>

extern uint32_t stack_top, stack_limit, data_start, data_end, data_load, bss_start, bss_end;
extern int main(void);

// The stack is filled with this before it is used; what is still there was never reached.
#define UNTOUCHED 0xA5A5A5A5u

// Arm semihosting (ARM IHI 0203): BKPT 0xAB with the operation in r0 and its argument in r1.
static int32_t semihosting(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static char line[128];
static uint32_t used;

static void flush(void) {
  line[used] = 0;
  if (used) semihosting(0x04, line);  // SYS_WRITE0
  used = 0;
}

void board_put(uint8_t character) {
  line[used++] = (char)character;
  if (character == '\n' || used == sizeof line - 1) flush();
}

static uint64_t memory[BOARD_MEMORY_BYTES / 8];
void *board_memory(void) { return memory; }

static uint32_t checksum;
uint32_t *board_checksum(void) { return &checksum; }

void board_exit(int32_t status) {
  flush();
  const uint32_t block[2] = {0x20026, (uint32_t)status};  // ADP_Stopped_ApplicationExit
  semihosting(0x20, block);                               // SYS_EXIT_EXTENDED
  for (;;) {
  }
}

uint32_t board_stack_peak(void) {
  const uint32_t *word = &stack_limit;
  while (word < &stack_top && *word == UNTOUCHED) word++;
  return (uint32_t)((const char *)&stack_top - (const char *)word);
}

__attribute__((noreturn)) static void fault(void) {
  for (const char *text = "hard fault\n"; *text; text++) board_put((uint8_t)*text);
  board_exit(99);
}

__attribute__((noreturn, used)) void start(void) {
  for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *word = &bss_start; word < &bss_end;) *word++ = 0;
  board_exit(main());
}

// In assembly, because it paints the stack it would otherwise stand on.
__attribute__((naked, noreturn, used)) void reset(void) {
  __asm__ volatile(
      "ldr r0, =stack_limit\n"
      "ldr r1, =stack_top\n"
      "ldr r2, =0xA5A5A5A5\n"
      "1: cmp r0, r1\n"
      "bhs 2f\n"
      "str r2, [r0]\n"
      "adds r0, #4\n"
      "b 1b\n"
      "2: bl start\n"
      ".ltorg\n");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault};

// What the compiler calls for copies and fills, beside libgcc's arithmetic. Nothing here allocates, and no allocator is
// defined: code that needs a heap does not link.
__attribute__((used)) void *memcpy(void *to, const void *from, size_t count) {
  char *a = to;
  const char *b = from;
  while (count--) *a++ = *b++;
  return to;
}
__attribute__((used)) void *memmove(void *to, const void *from, size_t count) {
  char *a = to;
  const char *b = from;
  if (a < b)
    while (count--) *a++ = *b++;
  else
    while (count--) a[count] = b[count];
  return to;
}
__attribute__((used)) void *memset(void *to, int value, size_t count) {
  char *a = to;
  while (count--) *a++ = (char)value;
  return to;
}
__attribute__((used)) int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (; count; count--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}
// The Arm EABI's names for the same (IHI 0043, section 4.3.4); memset's last two arguments are swapped there.
__attribute__((used)) void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
__attribute__((used)) void __aeabi_memcpy4(void *to, const void *from, size_t count) { memcpy(to, from, count); }
__attribute__((used)) void __aeabi_memcpy8(void *to, const void *from, size_t count) { memcpy(to, from, count); }
__attribute__((used)) void __aeabi_memmove(void *to, const void *from, size_t count) { memmove(to, from, count); }
__attribute__((used)) void __aeabi_memmove4(void *to, const void *from, size_t count) { memmove(to, from, count); }
__attribute__((used)) void __aeabi_memmove8(void *to, const void *from, size_t count) { memmove(to, from, count); }
__attribute__((used)) void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
__attribute__((used)) void __aeabi_memset4(void *to, size_t count, int value) { memset(to, value, count); }
__attribute__((used)) void __aeabi_memset8(void *to, size_t count, int value) { memset(to, value, count); }
__attribute__((used)) void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
__attribute__((used)) void __aeabi_memclr4(void *to, size_t count) { memset(to, 0, count); }
__attribute__((used)) void __aeabi_memclr8(void *to, size_t count) { memset(to, 0, count); }
// libgcc's unwinder would be linked for these; nothing unwinds here.
__attribute__((used)) void __aeabi_unwind_cpp_pr0(void) {}
__attribute__((used)) void __aeabi_unwind_cpp_pr1(void) {}
