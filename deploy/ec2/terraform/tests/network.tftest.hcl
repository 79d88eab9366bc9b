# What may come in, and what a wrong variable answers. No provider is asked.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  environment    = "iots6-dev"
  region         = "eu-central-1"
  admin_cidrs    = ["198.51.100.0/28"]
  device_cidrs   = ["203.0.113.0/24", "192.0.2.0/24"]
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEmVtmG0YH1zLP1ZQ3CwJx6qmtSPqYJ2Zp3nQ1l0Zzzz test"
}

run "devices_reach_only_tls_and_configuration" {
  command = plan
  module {
    source = "./modules/network"
  }
  variables {
    name       = "iots6-dev"
    vpc_id     = ""
    subnet_id  = ""
    vpc_cidr   = "10.66.0.0/24"
    plain_mqtt = false
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.devices : rule.from_port]) == toset([5000, 8883])
    error_message = "devices reach other ports than 5000 and 8883"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.devices) == 4
    error_message = "two ports from two networks are four rules"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.ssh : rule.from_port == 22 && rule.to_port == 22])
    error_message = "administrators reach more than SSH"
  }
  assert {
    condition     = length(aws_vpc.this) == 1
    error_message = "no VPC is made"
  }
}

run "an_existing_vpc_is_left_alone" {
  command = plan
  module {
    source = "./modules/network"
  }
  variables {
    name       = "iots6-dev"
    vpc_id     = "vpc-0123456789abcdef0"
    subnet_id  = "subnet-0123456789abcdef0"
    vpc_cidr   = "10.66.0.0/24"
    plain_mqtt = true
  }
  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.public) + length(aws_internet_gateway.this) + length(aws_route_table.public) == 0
    error_message = "something is made in a VPC that exists"
  }
  assert {
    condition     = output.subnet_id == "subnet-0123456789abcdef0"
    error_message = "the subnet is not the one that was named"
  }
  assert {
    condition     = contains([for rule in aws_vpc_security_group_ingress_rule.devices : rule.from_port], 1883)
    error_message = "plain_mqtt does not open 1883"
  }
}

run "the_whole_internet_is_no_administrator" {
  command = plan
  variables {
    admin_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.admin_cidrs]
}

run "no_administrator_at_all" {
  command = plan
  variables {
    admin_cidrs = []
  }
  expect_failures = [var.admin_cidrs]
}

run "a_zone_is_no_region" {
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}

run "an_unknown_environment" {
  command = plan
  variables {
    environment = "iots6-test"
  }
  expect_failures = [var.environment]
}

run "too_small_a_disk" {
  command = plan
  variables {
    data_volume_gb = 8
  }
  expect_failures = [var.data_volume_gb]
}

run "too_small_a_machine" {
  command = plan
  variables {
    instance_type = "t3.micro"
  }
  expect_failures = [var.instance_type]
}

run "half_an_existing_network" {
  command = plan
  variables {
    vpc_id = "vpc-0123456789abcdef0"
  }
  expect_failures = [var.subnet_id]
}

run "no_key" {
  command = plan
  variables {
    ssh_public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
  }
  expect_failures = [var.ssh_public_key]
}
