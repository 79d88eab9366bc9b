variable "environment" {
  description = "The environment's name; also the Terraform workspace, so that no apply meets another environment's state."
  type        = string
  validation {
    condition     = contains(["iots6-dev", "iots6-staging", "iots6-prod"], var.environment)
    error_message = "environment: iots6-dev, iots6-staging or iots6-prod."
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

variable "vpc_id" {
  description = "An existing VPC, with subnet_id; empty: a small one is made."
  type        = string
  default     = ""
  validation {
    condition     = var.vpc_id == "" || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id: an id such as vpc-0123456789abcdef0, or empty."
  }
}

variable "subnet_id" {
  description = "A public subnet of vpc_id."
  type        = string
  default     = ""
  validation {
    condition     = (var.subnet_id == "") == (var.vpc_id == "")
    error_message = "subnet_id and vpc_id go together: both, or neither."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that is made."
  type        = string
  default     = "10.66.0.0/24"
  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 26, false)
    error_message = "vpc_cidr: an IPv4 network of /26 or larger, such as 10.66.0.0/24."
  }
}

variable "device_cidrs" {
  description = "Where devices come from: they reach MQTT with TLS and the config server."
  type        = list(string)
  validation {
    condition     = alltrue([for cidr in var.device_cidrs : can(cidrnetmask(cidr))])
    error_message = "device_cidrs: IPv4 networks such as 203.0.113.0/24."
  }
}

variable "admin_cidrs" {
  description = "Where Ansible and people come from, by SSH. Grafana and the fleet page are reached through SSH."
  type        = list(string)
  validation {
    condition = length(var.admin_cidrs) > 0 && alltrue([
      for cidr in var.admin_cidrs : can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]) >= 16, false)
    ])
    error_message = "admin_cidrs: at least one IPv4 network, /16 or smaller, such as 198.51.100.7/32; never the whole Internet."
  }
}

variable "plain_mqtt" {
  description = "Open MQTT without TLS (1883) to device_cidrs, for the existing fleet. Names and passwords cross the network readable."
  type        = bool
  default     = false
}

variable "ssh_public_key" {
  description = "The public key that Ansible logs in with."
  type        = string
  validation {
    condition     = can(regex("^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+", var.ssh_public_key))
    error_message = "ssh_public_key: the contents of a file such as ~/.ssh/id_ed25519.pub."
  }
}

variable "ami_id" {
  description = "A Debian 12 or Ubuntu 24.04 image for amd64; empty: the newest Debian 12."
  type        = string
  default     = ""
  validation {
    condition     = var.ami_id == "" || can(regex("^ami-[0-9a-f]+$", var.ami_id))
    error_message = "ami_id: an id such as ami-0123456789abcdef0, or empty."
  }
}

variable "instance_type" {
  description = "2 GB of memory at least."
  type        = string
  default     = "t3.medium"
  validation {
    condition     = !can(regex("\\.(nano|micro)$", var.instance_type)) && can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type: a type with 2 GB of memory or more, such as t3.small or t3.medium."
  }
}

variable "data_volume_gb" {
  description = "The encrypted volume for Docker's data: readings, journal, images."
  type        = number
  default     = 40
  validation {
    condition     = var.data_volume_gb >= 20 && var.data_volume_gb <= 16384 && floor(var.data_volume_gb) == var.data_volume_gb
    error_message = "data_volume_gb: a whole number from 20 to 16384."
  }
}

variable "detailed_monitoring" {
  description = "Metrics of the instance each minute instead of each five."
  type        = bool
  default     = true
}

variable "protect" {
  description = "Refuse to terminate the instance and to delete a bucket that has backups."
  type        = bool
  default     = true
}

variable "snapshot_days" {
  description = "How many daily snapshots of the data volume are kept; 0: none."
  type        = number
  default     = 7
  validation {
    condition     = var.snapshot_days >= 0 && var.snapshot_days <= 365 && floor(var.snapshot_days) == var.snapshot_days
    error_message = "snapshot_days: a whole number from 0 to 365."
  }
}

variable "backup_days" {
  description = "How long the bucket keeps a database backup."
  type        = number
  default     = 30
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 3650 && floor(var.backup_days) == var.backup_days
    error_message = "backup_days: a whole number from 1 to 3650."
  }
}

variable "dns_zone_id" {
  description = "A Route 53 zone for dns_name; empty: no name."
  type        = string
  default     = ""
}

variable "dns_name" {
  description = "The name that devices use, inside the zone."
  type        = string
  default     = ""
  validation {
    condition     = (var.dns_name == "") == (var.dns_zone_id == "")
    error_message = "dns_name and dns_zone_id go together: both, or neither."
  }
}
