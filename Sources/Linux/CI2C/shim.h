// The kernel's I²C and GPIO character devices as one Swift module. Swift imports neither ioctl numbers nor the kernel's
// nested unions, so each request has a function here. All return a negated errno where they fail: nothing can overwrite it.
#include <errno.h>
#include <fcntl.h>
#include <i2c/smbus.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static inline long martlet_result(long result) { return result < 0 ? -errno : result; }

// A device node: no other program that this one starts gets it.
static inline int martlet_open(const char *path) { return (int)martlet_result(open(path, O_RDWR | O_CLOEXEC)); }

// --- I²C ---

static inline int martlet_i2c_functions(int bus, unsigned long *functions) {
  return (int)martlet_result(ioctl(bus, I2C_FUNCS, functions));
}

// Whether the adapter takes plain messages, whether it can ask an address, and whether it has the SMBus commands.
static inline int martlet_i2c_has_messages(unsigned long functions) { return (functions & I2C_FUNC_I2C) != 0; }

// One transaction: a write, a read, or a write and a read joined by a repeated start. Returns how many of the messages
// went through, which some adapters report where others give an errno.
static inline int martlet_i2c_transfer(
    int bus, uint16_t address, const uint8_t *write, uint16_t write_count, uint8_t *read, uint16_t read_count) {
  struct i2c_msg messages[2];
  struct i2c_rdwr_ioctl_data transaction = {messages, 0};
  // A probe is a write of nothing.
  if (write_count > 0 || read_count == 0)
    messages[transaction.nmsgs++] = (struct i2c_msg){address, 0, write_count, (uint8_t *)write};
  if (read_count > 0) messages[transaction.nmsgs++] = (struct i2c_msg){address, I2C_M_RD, read_count, read};
  return (int)martlet_result(ioctl(bus, I2C_RDWR, &transaction));
}

// --- SMBus, by libi2c; the address belongs to the descriptor ---

static inline int martlet_smbus_address(int bus, uint16_t address) {
  return (int)martlet_result(ioctl(bus, I2C_SLAVE, (unsigned long)address));
}
// libi2c already returns a negated errno.
static inline int martlet_smbus_quick(int bus) { return i2c_smbus_write_quick(bus, I2C_SMBUS_WRITE); }
static inline int martlet_smbus_can_quick(unsigned long functions) { return (functions & I2C_FUNC_SMBUS_QUICK) != 0; }
static inline int martlet_smbus_can_block(unsigned long functions) {
  return (functions & I2C_FUNC_SMBUS_I2C_BLOCK) == I2C_FUNC_SMBUS_I2C_BLOCK;
}

// --- GPIO, uAPI v2 ---

static inline int martlet_gpio_chip(int chip, struct gpiochip_info *info) {
  return (int)martlet_result(ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, info));
}
static inline int martlet_gpio_line(int chip, uint32_t offset, struct gpio_v2_line_info *info) {
  memset(info, 0, sizeof *info);
  info->offset = offset;
  return (int)martlet_result(ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, info));
}

static const uint64_t martlet_gpio_input = GPIO_V2_LINE_FLAG_INPUT;
static const uint64_t martlet_gpio_output = GPIO_V2_LINE_FLAG_OUTPUT;
static const uint64_t martlet_gpio_pull_up = GPIO_V2_LINE_FLAG_BIAS_PULL_UP;
static const uint64_t martlet_gpio_pull_down = GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN;
static const uint64_t martlet_gpio_no_bias = GPIO_V2_LINE_FLAG_BIAS_DISABLED;
static const uint64_t martlet_gpio_rising = GPIO_V2_LINE_FLAG_EDGE_RISING;
static const uint64_t martlet_gpio_falling = GPIO_V2_LINE_FLAG_EDGE_FALLING;
static const uint64_t martlet_gpio_used = GPIO_V2_LINE_FLAG_USED;

// Takes one line. Returns its descriptor, which does not block.
static inline int martlet_gpio_request(
    int chip, uint32_t offset, uint64_t flags, uint32_t debounce_microseconds, int is_high, uint32_t event_capacity,
    const char *consumer) {
  struct gpio_v2_line_request request;
  memset(&request, 0, sizeof request);
  request.offsets[0] = offset;
  request.num_lines = 1;
  request.event_buffer_size = event_capacity;
  strncpy(request.consumer, consumer, sizeof request.consumer - 1);
  request.config.flags = flags;
  if (debounce_microseconds > 0) {
    struct gpio_v2_line_config_attribute *debounce = &request.config.attrs[request.config.num_attrs++];
    debounce->mask = 1;
    debounce->attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
    debounce->attr.debounce_period_us = debounce_microseconds;
  }
  if (flags & GPIO_V2_LINE_FLAG_OUTPUT) {
    struct gpio_v2_line_config_attribute *level = &request.config.attrs[request.config.num_attrs++];
    level->mask = 1;
    level->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    level->attr.values = is_high ? 1 : 0;
  }
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) return -errno;
  int status = fcntl(request.fd, F_GETFL);
  if (status < 0 || fcntl(request.fd, F_SETFL, status | O_NONBLOCK) < 0) {
    int failure = errno;
    close(request.fd);
    return -failure;
  }
  return request.fd;
}

// 0 or 1.
static inline int martlet_gpio_get(int line) {
  struct gpio_v2_line_values values = {.bits = 0, .mask = 1};
  if (ioctl(line, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return -errno;
  return (int)(values.bits & 1);
}
static inline int martlet_gpio_set(int line, int is_high) {
  struct gpio_v2_line_values values = {.bits = is_high ? 1 : 0, .mask = 1};
  return (int)martlet_result(ioctl(line, GPIO_V2_LINE_SET_VALUES_IOCTL, &values));
}
// One edge. Returns 1 where there was one, 0 where none waits.
static inline int martlet_gpio_event(int line, struct gpio_v2_line_event *event) {
  ssize_t count = read(line, event, sizeof *event);
  if (count == (ssize_t)sizeof *event) return 1;
  if (count >= 0) return 0;
  return errno == EAGAIN ? 0 : -errno;
}
