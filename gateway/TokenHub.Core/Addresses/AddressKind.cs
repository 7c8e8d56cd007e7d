namespace TokenHub.Core.Addresses;

/// <summary>What kind of place an IP address is.</summary>
public enum AddressKind : byte
{
    /// <summary>A host on the public internet.</summary>
    Public = 0,

    /// <summary>Loopback, private and shared ranges: an upstream only where the operator allows it.</summary>
    Private = 1,

    /// <summary>Link-local, metadata services, multicast, documentation, reserved: never an upstream.</summary>
    Never = 2,
}
