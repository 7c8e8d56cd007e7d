namespace TokenHub.ControlPlane.Options;

/// <summary>What the change from one master key to another needs.</summary>
internal sealed record RotationOptions(string DatabaseConnection, byte[] MasterKey, byte[] MasterKeyOld)
{
    /// <summary>Nothing of it: a record would print its secrets.</summary>
    public override string ToString() => nameof(RotationOptions);
}
