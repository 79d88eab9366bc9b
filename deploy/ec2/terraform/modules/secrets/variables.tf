variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "parameter_path" {
  description = "Where the parameters are, such as /martlet/iots6-dev."
  type        = string
}
