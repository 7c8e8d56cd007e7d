using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Tests.Model;

/// <summary>Runs the scripts by a clock that the test sets, in place of the server's own.</summary>
internal sealed class ClockedRunner : IScriptRunner
{
    private readonly IScriptRunner _inner;
    private readonly Dictionary<string, LuaScript> _scripts;

    private ClockedRunner(IScriptRunner inner)
    {
        _inner = inner;
        _scripts = LuaScripts.All.ToDictionary(
            script => script.Name,
            script => LuaScripts.Load(
                script.Name, script.KeyCount, "", include => include == "clock-0" ? Clock(ClockKey) : null));
    }

    public string ClockKey { get; } = $"test:clock:{Guid.NewGuid():n}";

    public static async Task<ClockedRunner> CreateAsync(IScriptRunner inner)
    {
        var runner = new ClockedRunner(inner);
        await runner.LoadAsync();
        await runner.SetAsync(0);
        return runner;
    }

    public async Task SetAsync(long us) =>
        (await _inner.RunAsync(_inner.Begin("SET"u8).Add(ClockKey).Add(us), CancellationToken.None)).Dispose();

    // A script that has to be sent a second time runs behind what was sent meanwhile; here the order matters.
    private async Task LoadAsync()
    {
        foreach (var script in _scripts.Values)
        {
            foreach (var form in Enum.GetValues<ScriptForm>())
            {
                try
                {
                    var load = _inner.Begin("SCRIPT"u8).Add("LOAD"u8).Add(script.Body(form));
                    (await _inner.RunAsync(load, CancellationToken.None)).Dispose();
                }
                catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
                {
                    // Garnet cannot compile the form with flags, and is not asked to run it.
                }
            }
        }
    }

    public RespCall Begin(LuaScript script) => _inner.Begin(_scripts[script.Name]);

    public RespCall Begin(ReadOnlySpan<byte> command) => _inner.Begin(command);

    public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken) =>
        _inner.RunAsync(begun, cancellationToken);

    private static string Clock(string key) => $"""
        local function now_us() return tonumber(redis.call('GET', '{key}')) end
        local function milliseconds(us) return math.floor(us / 1000) end
        """;
}
