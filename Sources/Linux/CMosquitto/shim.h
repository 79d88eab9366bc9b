// libmosquitto as one Swift module.
#include <mosquitto.h>
#include <mqtt_protocol.h>
