variable "cluster" {
  description = "The cluster's name."
  type        = string
}

variable "vpc_id" {
  description = "Its VPC."
  type        = string
}

variable "oidc" {
  description = "Who vouches for its service accounts."
  type        = object({ provider_arn = string, issuer = string })
}
