variable "name" {
  description = "The cluster's name and the prefix of others."
  type        = string
}

variable "kubernetes_version" {
  description = "The control plane's version."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets for nodes and the control plane's interfaces."
  type        = list(string)
}

variable "public_access_cidrs" {
  description = "From where the API server is reached; empty: only from inside."
  type        = list(string)
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster."
  type        = set(string)
}

variable "node_groups" {
  description = "Groups of nodes."
  type = map(object({
    instance_types = list(string)
    minimum        = number
    maximum        = number
    disk_gb        = number
    labels         = map(string)
  }))
}

variable "addons" {
  description = "EKS add-ons and their versions; an empty version is EKS's default."
  type        = map(string)
}
