using TokenHub.Simulation.Tests.Engine;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>
/// A process with connections to Redis. A connection that breaks is opened again after a moment; only then is it known
/// that the server is another one.
/// </summary>
internal abstract class TillCaller : Part
{
    private readonly Dictionary<int, int> _runs = [];

    protected TillCaller(string name, World world)
        : base(name, world.Sim, world.Net)
    {
        World = world;
        world.Till.Restarted += shard => After(Sim.Between(1, 60), () => Reconnect(shard));
    }

    protected World World { get; }

    /// <summary>Rises when a server that serves us was replaced.</summary>
    protected long Generation { get; private set; }

    public override void Start()
    {
        _runs.Clear();
        foreach (var shard in World.Shards)
        {
            _runs[shard] = World.Till.RunOf(shard);
        }

        base.Start();
    }

    /// <summary>One script call; null when no answer came in time, or the connection was lost.</summary>
    protected void Call(int shard, ITillCommand command, long epoch, Action<TillAnswer?> then) =>
        Plain(run => World.Till.Run(shard, run, command, epoch), shard, then);

    protected void Plain(Func<int, TillAnswer?> work, int shard, Action<TillAnswer?> then)
    {
        var run = _runs[shard];
        Ask(World.Till, () => work(run), answer => then(answer.IsLost ? null : answer), () => then(null));
    }

    protected int RunOf(int shard) => _runs[shard];

    /// <summary>The server behind this shard is another one than before, and may know less.</summary>
    protected abstract void OnReplaced(int shard);

    private void Reconnect(int shard)
    {
        if (_runs[shard] != World.Till.RunOf(shard))
        {
            _runs[shard] = World.Till.RunOf(shard);
            Generation++;
            OnReplaced(shard);
        }
    }
}
