cluster            = "iots6-prod"
region             = "eu-central-1"
environments       = ["iots6-prod"]
vpc_cidr           = "10.96.0.0/16"
availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
nat_per_zone       = true

node_groups = {
  general  = { instance_types = ["m7i.large"], minimum = 3, maximum = 9 }
  database = { instance_types = ["r7i.large"], minimum = 1, maximum = 3, disk_gb = 40, labels = { "martlet/role" = "database" } }
}

# Examples (RFC 5737, AWS's own example account): replace them by yours.
admin_cidrs     = ["198.51.100.0/28"]
admin_role_arns = ["arn:aws:iam::123456789012:role/martlet-admin"]
