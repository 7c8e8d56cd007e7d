namespace TokenHub.Redis;

/// <summary>How the servers of a URL belong together.</summary>
public enum RedisMode
{
    /// <summary>The server is asked whether it is part of a Cluster.</summary>
    Auto,

    /// <summary>One server, whatever it says of itself.</summary>
    OneServer,

    /// <summary>The hosts are nodes of one Cluster, by which the others are found.</summary>
    Cluster,

    /// <summary>The hosts are sentinels that know where the master is.</summary>
    Sentinel,
}
