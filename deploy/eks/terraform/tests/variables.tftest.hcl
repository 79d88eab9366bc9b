# Wrong settings, each refused before anything is asked of AWS.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  cluster            = "iots6-nonprod"
  region             = "eu-central-1"
  environments       = ["iots6-dev"]
  availability_zones = ["eu-central-1a", "eu-central-1b"]
  admin_cidrs        = []
  admin_role_arns    = ["arn:aws:iam::123456789012:role/admin"]
  node_groups        = { general = { instance_types = ["t3.large"], minimum = 1, maximum = 2 } }
}

run "production_shares_no_cluster" {
  command = plan
  variables {
    environments = ["iots6-dev", "iots6-prod"]
  }
  expect_failures = [var.environments]
}

run "an_unknown_environment" {
  command = plan
  variables {
    environments = ["iots6-test"]
  }
  expect_failures = [var.environments]
}

run "a_zone_instead_of_a_region" {
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}

run "one_zone" {
  command = plan
  variables {
    availability_zones = ["eu-central-1a"]
  }
  expect_failures = [var.availability_zones]
}

run "zones_of_another_region" {
  command = plan
  variables {
    availability_zones = ["eu-central-1a", "eu-west-1b"]
  }
  expect_failures = [var.availability_zones]
}

run "the_whole_internet" {
  command = plan
  variables {
    admin_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.admin_cidrs]
}

run "nobody_could_enter" {
  command = plan
  variables {
    admin_role_arns = []
  }
  expect_failures = [var.admin_role_arns]
}

run "fewer_nodes_than_none" {
  command = plan
  variables {
    node_groups = { general = { instance_types = ["t3.large"], minimum = 3, maximum = 2 } }
  }
  expect_failures = [var.node_groups]
}

run "too_small_a_network" {
  command = plan
  variables {
    vpc_cidr = "10.0.0.0/24"
  }
  expect_failures = [var.vpc_cidr]
}

run "a_version_with_a_patch_number" {
  command = plan
  variables {
    kubernetes_version = "1.33.2"
  }
  expect_failures = [var.kubernetes_version]
}
