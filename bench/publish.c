// Devices that publish readings of version 2 over QoS 1, at so little cost that the broker is what limits: MQTT 3.1.1 by hand, many
// packets a write, at most WINDOW of a connection unacknowledged.
//
//   publish PORT CONNECTIONS COUNT BOOT [RATE [FILE]]
//
// RATE: readings a second over all connections, 0 as quickly as the broker takes them. FILE: gets `SEQ NANOSECONDS`
// (CLOCK_MONOTONIC) for each reading of the first connection. A payload is what a board sends, about 290 bytes.
// Says `ready` when all are connected and waits for a line on its input; ends when the broker has acknowledged all COUNT.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 100, PACKET = 400, BUFFER = WINDOW * PACKET };

struct connection {
  int socket, is_writable;
  unsigned next, last, acknowledged, packet;
  size_t partial;      // bytes of an answer that is not complete
  char *out;           // what the socket did not take; only a connection that has such bytes has a buffer
  size_t out_from, out_to;
  char name[16];
};

static const char *boot;
static unsigned long rate;
static FILE *sent_at;
static time_t began;

static int64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "publish: %s: %s\n", what, strerror(errno));
  exit(1);
}

static char *text(char *at, const char *words) {
  size_t n = strlen(words);
  memcpy(at, words, n);
  return at + n;
}

static char *number(char *at, unsigned long value) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10); while (value /= 10);
  while (n) *at++ = digits[--n];
  return at;
}

static char *two(char *at, long value) {
  *at++ = (char)('0' + value / 10);
  *at++ = (char)('0' + value % 10);
  return at;
}

// The date changes once a day, the time with each reading.
static char *stamp(char *at, time_t moment) {
  static time_t day = -1;
  static char date[16];
  if (moment / 86400 != day) {
    struct tm parts;
    day = moment / 86400;
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&moment, &parts));
  }
  long second = moment % 86400;
  at = text(at, date);
  *at++ = 'T';
  at = two(at, second / 3600);
  *at++ = ':';
  at = two(at, second / 60 % 60);
  *at++ = ':';
  at = two(at, second % 60);
  *at++ = 'Z';
  return at;
}

// One PUBLISH; the remaining length always takes two bytes.
static char *publish(char *at, struct connection *c) {
  char *start = at;
  at += 2 + 1 + 2;
  at = text(text(at, "iots6/"), c->name);
  size_t topic = (size_t)(at - start) - 5;
  start[3] = 0, start[4] = (char)topic;
  c->packet = c->packet % 65535 + 1;
  *at++ = (char)(c->packet >> 8);
  *at++ = (char)c->packet;
  // In a flood the readings are a second apart and end now: as a board sends what it kept.
  time_t moment = rate ? time(NULL) : began - (time_t)(c->last - c->next);
  at = text(text(text(at, "{\"v\":2,\"device_id\":\""), c->name), "\",\"boot\":");
  at = number(text(text(at, boot), ",\"seq\":"), c->next);
  at = text(at, ",\"event_type\":\"heartbeat\",\"temperature\":");
  *at++ = '2';
  at = number(at, c->next % 10);
  *at++ = '.';
  at = two(at, c->next % 100);
  at = text(at, ",\"humidity\":45.12,\"pressure\":1013.25,\"motion\":\"LOW\",\"switch\":\"HIGH\",\"sensor_type\":\"BME280\","
                "\"quality\":\"ok\",\"wifi_rssi\":-61,\"uptime_ms\":");
  at = number(at, (unsigned long)c->next * 1000);
  at = text(stamp(text(at, ",\"timestamp\":\""), moment), "\",\"version\":\"1.0.0\"}");
  size_t length = (size_t)(at - start) - 3;
  start[0] = 0x32;
  start[1] = (char)(0x80 | (length & 0x7F));
  start[2] = (char)(length >> 7);
  if (sent_at) fprintf(sent_at, "%u %lld\n", c->next, (long long)nanoseconds());
  c->next++;
  return at;
}

static void send_rest(struct connection *c) {
  while (c->out_from < c->out_to) {
    ssize_t n = write(c->socket, c->out + c->out_from, c->out_to - c->out_from);
    if (n < 0) {
      if (errno != EAGAIN) die("write");
      c->is_writable = 0;
      return;
    }
    c->out_from += (size_t)n;
  }
  c->is_writable = 1;
  free(c->out);
  c->out = NULL;
}

// As many as the window, the rate and the socket allow.
static unsigned long fill(struct connection *c, unsigned long allowed) {
  static char packets[BUFFER];
  char *end = packets;
  unsigned long made = 0;
  FILE *file = sent_at;
  if (strcmp(c->name, "Bench00000")) sent_at = NULL;
  while (!c->out && made < allowed && c->next <= c->last && c->next - 1 - c->acknowledged < WINDOW &&
         end - packets < BUFFER - PACKET) {
    end = publish(end, c);
    made++;
  }
  sent_at = file;
  size_t count = (size_t)(end - packets), from = 0;
  while (from < count) {
    ssize_t n = write(c->socket, packets + from, count - from);
    if (n < 0) {
      if (errno != EAGAIN) die("write");
      c->is_writable = 0;
      c->out = malloc(count - from);
      memcpy(c->out, packets + from, count - from);
      c->out_from = 0, c->out_to = count - from;
      break;
    }
    from += (size_t)n;
  }
  return made;
}

// Everything the broker answers is four bytes long: CONNACK and PUBACK.
static unsigned take(struct connection *c) {
  unsigned char answers[4 * WINDOW];
  ssize_t n = read(c->socket, answers, sizeof answers);
  if (n == 0) { errno = ECONNRESET; die("the broker closed a connection"); }
  if (n < 0) {
    if (errno == EAGAIN) return 0;
    die("read");
  }
  c->partial += (size_t)n;
  unsigned whole = (unsigned)(c->partial / 4);
  c->partial %= 4;
  return whole;
}

static void join(struct connection *c, int number_, int port) {
  snprintf(c->name, sizeof c->name, "Bench%05d", number_);
  c->socket = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (c->socket < 0 || connect(c->socket, (struct sockaddr *)&there, sizeof there)) die("connect");
  int yes = 1;
  setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  unsigned char hello[64] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0};
  size_t name = strlen(c->name);
  hello[1] = (unsigned char)(12 + name);
  hello[13] = (unsigned char)name;
  memcpy(hello + 14, c->name, name);
  if (write(c->socket, hello, 14 + name) != (ssize_t)(14 + name)) die("write");
  unsigned char answer[4];
  if (recv(c->socket, answer, 4, MSG_WAITALL) != 4 || answer[3] != 0) die("the broker refuses a connection");
  fcntl(c->socket, F_SETFL, O_NONBLOCK);
  c->is_writable = 1;
}

int main(int count, char **words) {
  if (count < 5 || count > 7) { fprintf(stderr, "usage: publish PORT CONNECTIONS COUNT BOOT [RATE [FILE]]\n"); return 2; }
  int connections = atoi(words[2]);
  unsigned long total = strtoul(words[3], NULL, 10), made = 0, acknowledged = 0;
  boot = words[4];
  rate = count > 5 ? strtoul(words[5], NULL, 10) : 0;
  if (count > 6 && !(sent_at = fopen(words[6], "w"))) die(words[6]);
  struct rlimit limit = {(rlim_t)connections + 64, (rlim_t)connections + 64};
  if (connections > 900 && setrlimit(RLIMIT_NOFILE, &limit)) die("the limit of descriptors");
  struct connection *all = calloc((size_t)connections, sizeof *all);
  int wait = epoll_create1(0);
  for (int i = 0; i < connections; i++) {
    struct connection *c = &all[i];
    c->next = 1;
    c->last = (unsigned)(total / (unsigned long)connections);
    join(c, i, atoi(words[1]));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(wait, EPOLL_CTL_ADD, c->socket, &event)) die("epoll");
  }
  total = all[0].last * (unsigned long)connections;
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF) return 1;
  began = time(NULL);
  int64_t start = nanoseconds();
  struct epoll_event events[256];
  int turn = 0;
  while (acknowledged < total) {
    if (rate) {
      unsigned long due = (unsigned long)((double)(nanoseconds() - start) / 1e9 * (double)rate);
      for (int passed = 0; made < due && passed < connections; passed++, turn = (turn + 1) % connections)
        made += fill(&all[turn], 1);
    } else if (made == 0) {
      for (int i = 0; i < connections; i++) made += fill(&all[i], WINDOW);
    }
    int ready = epoll_wait(wait, events, 256, rate ? 1 : 1000);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT && c->out) send_rest(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        // Edge-triggered: until nothing is left.
        for (unsigned n; (n = take(c));) c->acknowledged += n, acknowledged += n;
      }
      if (!rate) made += fill(c, WINDOW);
    }
  }
  if (sent_at) fclose(sent_at);
  return 0;
}
