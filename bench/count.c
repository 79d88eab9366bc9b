// The limit: a subscriber of libmosquitto that only counts. QoS 1, and each PUBACK leaves at once.
//
//   count PORT COUNT
//
// Says `ready` when it is subscribed, and ends when it has COUNT messages.
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>

static long left;

static void on_subscribe(struct mosquitto *client, void *context, int number, int count, const int *granted) {
  (void)client, (void)context, (void)number, (void)count, (void)granted;
  puts("ready");
  fflush(stdout);
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)context;
  if (!code) mosquitto_subscribe(client, NULL, "iots6/#", 1);
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message) {
  (void)context, (void)message;
  if (--left == 0) mosquitto_disconnect(client);
}

int main(int count, char **words) {
  if (count != 3) { fprintf(stderr, "usage: count PORT COUNT\n"); return 2; }
  left = atol(words[2]);
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new("count", true, NULL);
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, 1000);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_subscribe_callback_set(client, on_subscribe);
  mosquitto_message_callback_set(client, on_message);
  if (mosquitto_connect(client, "127.0.0.1", atoi(words[1]), 60)) return 1;
  return mosquitto_loop_forever(client, -1, 1) == MOSQ_ERR_SUCCESS ? 0 : 1;
}
