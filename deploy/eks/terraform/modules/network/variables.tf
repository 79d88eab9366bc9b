variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "availability_zones" {
  description = "Two or three zones."
  type        = list(string)
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone, instead of one in the first."
  type        = bool
}
