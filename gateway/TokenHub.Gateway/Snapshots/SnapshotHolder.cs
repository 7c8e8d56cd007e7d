using TokenHub.Gateway.Routing;

namespace TokenHub.Gateway.Snapshots;

/// <summary>
/// Holds the routing table in force. The law of this folder: what is held is immutable; a request takes it once at the
/// door and keeps it to its end.
/// </summary>
public sealed class SnapshotHolder
{
    private volatile RouteTable _current = RouteTable.Empty;

    public RouteTable Current => _current;

    public long Version => _current.Version;

    /// <summary>True once any snapshot has been loaded, from the control plane or from the disk.</summary>
    public bool IsLoaded => _current.Version > 0;

    public void Set(RouteTable table) => _current = table;
}
