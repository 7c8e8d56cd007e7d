namespace TokenHub.Redis.Resp;

/// <summary>Where one call is on its way through a Cluster.</summary>
internal struct CallRoute
{
    /// <summary>Its hash slot; below zero when any node will do.</summary>
    public int Slot;

    /// <summary>It was answered with MOVED once, and repeated.</summary>
    public bool IsMoved;

    /// <summary>It was answered with ASK, and goes out with ASKING before it.</summary>
    public bool IsAsking;

    /// <summary>The node that the answer named; null means to look into the map.</summary>
    public object? Target;

    /// <summary>How often it was answered with TRYAGAIN.</summary>
    public int Tries;

    /// <summary><see cref="Environment.TickCount64"/> at which a waiting call goes out again.</summary>
    public long RetryMs;
}
