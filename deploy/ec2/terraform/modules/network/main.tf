# A VPC with one public subnet, unless there is one; and what may come in.

locals {
  makes_vpc = var.vpc_id == ""
  vpc_id    = local.makes_vpc ? aws_vpc.this[0].id : var.vpc_id
  # What devices need: MQTT with TLS, their configuration, and only where asked MQTT without TLS.
  device_ports = merge({ mqtt-tls = 8883, configuration = 5000 }, var.plain_mqtt ? { mqtt-plain = 1883 } : {})
  device_rules = {
    for pair in setproduct(keys(local.device_ports), var.device_cidrs) : "${pair[0]} ${pair[1]}" => pair
  }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:flow logs of one public host tell nothing that its firewall does not, at a price per GB
  count = local.makes_vpc ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# Whoever forgets to name a security group gets this one, with no rules at all.
resource "aws_default_security_group" "closed" {
  count = local.makes_vpc ? 1 : 0

  vpc_id = local.vpc_id
}

resource "aws_internet_gateway" "this" {
  count = local.makes_vpc ? 1 : 0

  vpc_id = local.vpc_id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  count = local.makes_vpc ? 1 : 0

  vpc_id                  = local.vpc_id
  cidr_block              = cidrsubnet(var.vpc_cidr, 2, 0)
  map_public_ip_on_launch = false
  tags                    = { Name = "${var.name}-public" }
}

resource "aws_route_table" "public" {
  count = local.makes_vpc ? 1 : 0

  vpc_id = local.vpc_id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  count = local.makes_vpc ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.makes_vpc ? 1 : 0

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_security_group" "host" {
  #checkov:skip=CKV2_AWS_5:attached in the module instance, which this check does not follow
  name        = "${var.name}-host"
  description = "The Martlet host: SSH for administrators, MQTT and configuration for devices"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.name}-host" }
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(var.admin_cidrs)

  security_group_id = aws_security_group.host.id
  description       = "SSH"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_ingress_rule" "devices" {
  for_each = local.device_rules

  security_group_id = aws_security_group.host.id
  description       = each.value[0]
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = local.device_ports[each.value[0]]
  to_port           = local.device_ports[each.value[0]]
}

# Packages, images, Parameter Store, the bucket, time: HTTPS, HTTP (Debian's mirrors), DNS and NTP.
resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = { https = ["tcp", 443], http = ["tcp", 80], dns = ["udp", 53], dns-tcp = ["tcp", 53], ntp = ["udp", 123] }

  security_group_id = aws_security_group.host.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = each.value[0]
  from_port         = each.value[1]
  to_port           = each.value[1]
}
