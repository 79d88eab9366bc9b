variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "An existing VPC, or empty."
  type        = string
}

variable "subnet_id" {
  description = "A public subnet of it, or empty."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that is made."
  type        = string
}

variable "device_cidrs" {
  description = "Where devices come from."
  type        = list(string)
}

variable "admin_cidrs" {
  description = "Where SSH comes from."
  type        = list(string)
}

variable "plain_mqtt" {
  description = "Open 1883 as well."
  type        = bool
}
