variable "cluster" {
  description = "The cluster's name; also the Terraform workspace, so that no apply meets another cluster's state."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.cluster))
    error_message = "cluster: 3 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "region" {
  description = "The AWS region, such as eu-central-1."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-[0-9]$", var.region))
    error_message = "region: an AWS region such as eu-central-1 (not an availability zone)."
  }
}

variable "environments" {
  description = "The environments that live in this cluster, each a namespace with parameters and rights of its own."
  type        = set(string)
  validation {
    condition = length(var.environments) > 0 && alltrue([
      for name in var.environments : contains(["iots6-dev", "iots6-staging", "iots6-prod"], name)
    ])
    error_message = "environments: one or more of iots6-dev, iots6-staging, iots6-prod."
  }
  validation {
    condition     = !contains(var.environments, "iots6-prod") || length(var.environments) == 1
    error_message = "environments: iots6-prod has a cluster to itself, so that no trial elsewhere takes its nodes."
  }
}

variable "kubernetes_version" {
  description = "The control plane's version; a step of one minor version at a time."
  type        = string
  default     = "1.33"
  validation {
    condition     = can(regex("^1\\.(2[89]|[3-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version: 1.28 or newer, without a patch number, such as 1.33."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC. Each pod has one: /20 is 4,000, of which the private subnets have three quarters."
  type        = string
  default     = "10.80.0.0/16"
  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "vpc_cidr: an IPv4 network of /20 or larger, such as 10.80.0.0/16."
  }
}

variable "availability_zones" {
  description = "The zones, two or three of the region. A volume stays in its zone, and so does the pod that has it."
  type        = list(string)
  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 3
    error_message = "availability_zones: two or three; EKS refuses one."
  }
  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones) && alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones: different zones of the region, such as eu-central-1a."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone: the loss of one zone then stops nothing elsewhere, at that price a zone."
  type        = bool
  default     = false
}

variable "admin_cidrs" {
  description = "From where kubectl reaches the API server; empty: only from inside the VPC."
  type        = list(string)
  validation {
    condition     = alltrue([for cidr in var.admin_cidrs : can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "admin_cidrs: IPv4 networks of /16 or smaller, such as 198.51.100.7/32; never the whole Internet."
  }
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster. Whoever creates it is no administrator by that."
  type        = set(string)
  validation {
    condition = length(var.admin_role_arns) > 0 && alltrue([
      for arn in var.admin_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", arn))
    ])
    error_message = "admin_role_arns: at least one role, such as arn:aws:iam::123456789012:role/admin; without one nobody can enter the cluster."
  }
}

variable "node_groups" {
  description = "Groups of nodes. Volumes are bound to a zone: a group spans the zones, and the scheduler finds the right one."
  type = map(object({
    instance_types = list(string)
    minimum        = number
    maximum        = number
    disk_gb        = optional(number, 40)
    labels         = optional(map(string), {})
  }))
  validation {
    condition     = length(var.node_groups) > 0
    error_message = "node_groups: at least one group."
  }
  validation {
    condition     = alltrue([for group in var.node_groups : group.minimum >= 1 && group.maximum >= group.minimum && group.maximum <= 100])
    error_message = "node_groups: minimum from 1, maximum from minimum to 100."
  }
  validation {
    condition     = alltrue([for group in var.node_groups : group.disk_gb >= 20 && length(group.instance_types) > 0])
    error_message = "node_groups: disk_gb of 20 at least, and at least one instance type."
  }
}

variable "addons" {
  description = "EKS add-ons and their versions; empty: EKS's default for the cluster's version."
  type        = map(string)
  default = {
    vpc-cni             = ""
    coredns             = ""
    kube-proxy          = ""
    aws-ebs-csi-driver  = ""
    snapshot-controller = ""
    metrics-server      = ""
  }
}

variable "protect" {
  description = "Refuse to delete a registry that has images."
  type        = bool
  default     = true
}
