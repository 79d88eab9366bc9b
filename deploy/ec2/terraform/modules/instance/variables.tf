variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "subnet_id" {
  description = "Where it goes."
  type        = string
}

variable "security_group_id" {
  description = "What may reach it."
  type        = string
}

variable "ami_id" {
  description = "Its image; empty: the newest Debian 12."
  type        = string
}

variable "instance_type" {
  description = "Its size."
  type        = string
}

variable "data_volume_gb" {
  description = "The size of the data volume."
  type        = number
}

variable "kms_key_arn" {
  description = "What encrypts disks, secrets and backups."
  type        = string
}

variable "ssh_public_key" {
  description = "Who may log in."
  type        = string
}

variable "protect" {
  description = "Refuse to terminate it."
  type        = bool
}

variable "parameter_path" {
  description = "The parameters it may read and write."
  type        = string
}

variable "bucket_arn" {
  description = "The bucket it may write backups to."
  type        = string
}

variable "detailed_monitoring" {
  description = "Metrics each minute instead of each five."
  type        = bool
}
