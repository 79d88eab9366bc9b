# Development and staging share a cluster; each is a namespace with parameters and rights of its own.
cluster            = "iots6-nonprod"
region             = "eu-central-1"
environments       = ["iots6-dev", "iots6-staging"]
availability_zones = ["eu-central-1a", "eu-central-1b"]
protect            = false

node_groups = {
  general = { instance_types = ["t3.large"], minimum = 2, maximum = 4 }
}

# Examples (RFC 5737, AWS's own example account): replace them by yours.
admin_cidrs     = ["198.51.100.0/28"]
admin_role_arns = ["arn:aws:iam::123456789012:role/martlet-admin"]
