#pragma once
#include <stdint.h>

/// Writes one character to the console (Arm semihosting, SYS_WRITE0 a line at a time).
void board_put(uint8_t character);
/// Ends the emulator with an exit status.
__attribute__((noreturn)) void board_exit(int32_t status);
/// The deepest the stack has been since reset, in bytes.
uint32_t board_stack_peak(void);
