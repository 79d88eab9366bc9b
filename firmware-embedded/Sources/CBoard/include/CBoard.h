#pragma once
#include <stdint.h>

/// Writes one character to the console (Arm semihosting, SYS_WRITE0 a line at a time).
void board_put(uint8_t character);
/// How much memory a device and its message have; static, so that the stack holds none of it.
#define BOARD_MEMORY_BYTES 5376
/// That memory, aligned as a 64-bit integer.
void *board_memory(void);
/// Where the checksum of the display is kept.
uint32_t *board_checksum(void);
/// Ends the emulator with an exit status.
__attribute__((noreturn)) void board_exit(int32_t status);
/// The deepest the stack has been since reset, in bytes.
uint32_t board_stack_peak(void);
