package provider

// Raw returns d's provider without custody: its Create hands out a secret that
// nobody has kept. It exists for the tests of adapters alone; the layering test
// lets only providertest and adapters' tests call it.
func Raw(d *Driver, a Access) Provider { return d.open(a) }
