// Devices by the dozen, as quick as C: each with its own connection, an outbox that keeps a reading until the gateway's
// ack names it, and the numbers of what it had to drop (protocol/payload.md). The campaign compares what they say at the
// end with the database.
//
//   load PORT DEVICES PER_SECOND SMALL TRUTH
//
// The first SMALL devices have an outbox of forty readings, so that outages make them drop some; every second device has no clock and
// sends its uptime only. SIGINT: no new readings, and the end when all are acknowledged or 90 seconds later.
// TRUTH gets `made DEVICE BOOT COUNT` and `dropped DEVICE BOOT FIRST LAST` lines. Exit code 1: some were not acknowledged.
#include <mosquitto.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 64, LARGE = 65536, SMALL = 40, RANGES = 3, RESEND_MS = 5000, DRAIN_MS = 90000 };

struct slot { uint32_t seq; int live, under_way; int64_t sent, made; uint32_t edition; };
struct range { uint32_t first, last; };

struct device {
  char name[16], topic[64], ack_topic[64];
  struct mosquitto *client;
  int connected, has_clock;
  int64_t retry_at;
  uint32_t capacity, low, next; // readings low ..< next are in the ring, as far as they are live
  struct slot *slots;
  uint32_t live;
  struct range told[RANGES]; // what the next payloads say was dropped
  int told_count;
  uint32_t edition;
  struct range *dropped; // the truth
  size_t dropped_count;
};

static volatile sig_atomic_t stopping;
static int64_t started;

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_signal(int number) { (void)number; stopping = 1; }

static struct slot *at(struct device *d, uint32_t seq) { return &d->slots[seq % d->capacity]; }

// Notes a dropped reading; where there are too many ranges the nearest grows, and may name what is still held.
static void drop(struct device *d, uint32_t seq) {
  if (d->dropped_count && d->dropped[d->dropped_count - 1].last + 1 == seq) {
    d->dropped[d->dropped_count - 1].last = seq;
  } else {
    d->dropped = realloc(d->dropped, (d->dropped_count + 1) * sizeof *d->dropped);
    d->dropped[d->dropped_count++] = (struct range){seq, seq};
  }
  d->edition++;
  if (d->told_count && d->told[d->told_count - 1].last + 1 == seq) { d->told[d->told_count - 1].last = seq; return; }
  if (d->told_count == RANGES) { d->told[RANGES - 1].last = seq; return; }
  d->told[d->told_count++] = (struct range){seq, seq};
}

static void make(struct device *d) {
  if (d->next - d->low == d->capacity) {
    struct slot *oldest = at(d, d->low);
    if (oldest->live) { drop(d, d->low); oldest->live = 0; d->live--; }
    d->low++;
  }
  *at(d, d->next) = (struct slot){.seq = d->next, .live = 1, .made = now_ms()};
  d->next++;
  d->live++;
}

static void publish(struct device *d, struct slot *s) {
  char text[512], stamp[40] = "null";
  if (d->has_clock) {
    // The offset is taken once: a redelivery must meet the same row.
    static time_t offset;
    if (!offset) offset = time(NULL) - now_ms() / 1000;
    time_t seconds = offset + s->made / 1000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(stamp, sizeof stamp, "\"%Y-%m-%dT%H:%M:%SZ\"", &parts);
  }
  int n = snprintf(text, sizeof text,
      "{\"v\":2,\"device_id\":\"%s\",\"boot\":1,\"seq\":%u,\"event_type\":\"heartbeat\",\"temperature\":22.53,"
      "\"humidity\":45.12,\"pressure\":1013.25,\"motion\":\"LOW\",\"switch\":\"HIGH\",\"sensor_type\":\"BME280\","
      "\"quality\":\"ok\",\"wifi_rssi\":-61,\"uptime_ms\":%lld,\"timestamp\":%s,\"version\":\"load\"",
      d->name, s->seq, (long long)(s->made - started), stamp);
  for (int i = 0; i < d->told_count; i++)
    n += snprintf(text + n, sizeof text - n, "%s[%u,%u]", i ? "," : ",\"dropped\":[", d->told[i].first, d->told[i].last);
  n += snprintf(text + n, sizeof text - n, d->told_count ? "]}" : "}");
  if (mosquitto_publish(d->client, NULL, d->topic, n, text, 1, false)) return;
  s->under_way = 1;
  s->sent = now_ms();
  s->edition = d->told_count ? d->edition : 0;
}

static void on_connect(struct mosquitto *m, void *context, int code) {
  struct device *d = context;
  if (code) return;
  mosquitto_subscribe(m, NULL, d->ack_topic, 0);
  d->connected = 1;
  for (uint32_t seq = d->low; seq < d->next; seq++) at(d, seq)->under_way = 0;
}

static void on_disconnect(struct mosquitto *m, void *context, int code) {
  (void)m, (void)code;
  ((struct device *)context)->connected = 0;
}

static void on_message(struct mosquitto *m, void *context, const struct mosquitto_message *message) {
  (void)m;
  struct device *d = context;
  char text[1024];
  int length = message->payloadlen < 1023 ? message->payloadlen : 1023;
  memcpy(text, message->payload, length);
  text[length] = 0;
  char *p = strstr(text, "\"boot\":1,");
  if (!p || !(p = strstr(text, "\"seqs\":["))) return;
  p += 8;
  unsigned first, last;
  int used;
  while (sscanf(p, "[%u,%u]%n", &first, &last, &used) == 2) {
    for (uint32_t seq = first < d->low ? d->low : first; seq <= last && seq < d->next; seq++) {
      struct slot *s = at(d, seq);
      if (!s->live) continue;
      s->live = 0;
      d->live--;
      if (s->edition && s->edition == d->edition) d->told_count = 0;
    }
    p += used;
    if (*p == ',') p++;
  }
  while (d->low < d->next && !at(d, d->low)->live) d->low++;
}

static void step(struct device *d, int port, int64_t now) {
  if (mosquitto_socket(d->client) < 0) {
    if (now < d->retry_at) return;
    d->retry_at = now + 300 + rand() % 700;
    d->connected = 0;
    mosquitto_connect(d->client, "127.0.0.1", port, 5);
    return;
  }
  for (int i = 0; i < 8; i++)
    if (mosquitto_loop(d->client, 0, 1)) { d->connected = 0; break; }
  if (!d->connected) return;
  int under_way = 0;
  for (uint32_t seq = d->low; seq < d->next && under_way < WINDOW; seq++) {
    struct slot *s = at(d, seq);
    if (!s->live) continue;
    if (!s->under_way || now - s->sent > RESEND_MS) publish(d, s);
    under_way++;
  }
}

int main(int count, char **words) {
  if (count != 6) { fprintf(stderr, "usage: load PORT DEVICES PER_SECOND SMALL TRUTH\n"); return 2; }
  int port = atoi(words[1]), devices = atoi(words[2]), rate = atoi(words[3]), small = atoi(words[4]);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  mosquitto_lib_init();
  started = now_ms();
  struct device *fleet = calloc(devices, sizeof *fleet);
  for (int i = 0; i < devices; i++) {
    struct device *d = &fleet[i];
    snprintf(d->name, sizeof d->name, "Load%03d", i);
    snprintf(d->topic, sizeof d->topic, "iots6/%s", d->name);
    snprintf(d->ack_topic, sizeof d->ack_topic, "iots6/%s/ack", d->name);
    d->capacity = i < small ? SMALL : LARGE;
    d->has_clock = i % 2;
    d->slots = calloc(d->capacity, sizeof *d->slots);
    d->low = d->next = 1;
    d->client = mosquitto_new(d->name, true, d);
    mosquitto_connect_callback_set(d->client, on_connect);
    mosquitto_disconnect_callback_set(d->client, on_disconnect);
    mosquitto_message_callback_set(d->client, on_message);
  }
  int64_t deadline = 0, reported = started;
  uint64_t due = 0;
  for (;;) {
    int64_t now = now_ms();
    uint64_t left = 0, made = 0, dropped = 0;
    if (stopping && !deadline) deadline = now + DRAIN_MS;
    uint64_t target = (uint64_t)(now - started) * rate / 1000;
    for (int i = 0; i < devices; i++) {
      struct device *d = &fleet[i];
      if (!stopping) for (uint64_t n = due; n < target; n++) make(d);
      else if (!d->live && d->told_count) make(d); // a last one, to tell what was dropped
      step(d, port, now);
      left += d->live + d->told_count;
      made += d->next - 1;
      for (size_t r = 0; r < d->dropped_count; r++) dropped += d->dropped[r].last - d->dropped[r].first + 1;
    }
    due = target;
    if (now - reported >= 1000) {
      reported = now;
      printf("made=%llu waiting=%llu dropped=%llu\n", (unsigned long long)made, (unsigned long long)left, (unsigned long long)dropped);
      fflush(stdout);
    }
    if (deadline && (!left || now > deadline)) {
      FILE *truth = fopen(words[5], "w");
      for (int i = 0; i < devices; i++) {
        fprintf(truth, "made %s 1 %u\n", fleet[i].name, fleet[i].next - 1);
        for (size_t r = 0; r < fleet[i].dropped_count; r++)
          fprintf(truth, "dropped %s 1 %u %u\n", fleet[i].name, fleet[i].dropped[r].first, fleet[i].dropped[r].last);
        mosquitto_disconnect(fleet[i].client);
      }
      fclose(truth);
      printf("load: made=%llu unacknowledged=%llu dropped=%llu\n", (unsigned long long)made, (unsigned long long)left, (unsigned long long)dropped);
      return left ? 1 : 0;
    }
    usleep(5000);
  }
}
