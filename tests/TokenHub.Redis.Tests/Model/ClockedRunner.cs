using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Tests.Model;

/// <summary>Runs the scripts by a clock that the test sets, in place of the server's own.</summary>
internal sealed class ClockedRunner(IScriptRunner inner, string clockKey) : IScriptRunner
{
    private readonly Dictionary<string, LuaScript> _scripts = LuaScripts.All.ToDictionary(
        script => script.Name,
        script => LuaScripts.Load(
            script.Name, script.KeyCount, "", include => include == "clock-0" ? Clock(clockKey) : null));

    /// <summary>
    /// A script that has to be sent a second time runs behind what was sent meanwhile; here the order matters.
    /// </summary>
    public async Task LoadAsync()
    {
        foreach (var script in _scripts.Values)
        {
            foreach (var form in Enum.GetValues<ScriptForm>())
            {
                try
                {
                    var load = inner.Begin("SCRIPT"u8).Add("LOAD"u8).Add(script.Body(form));
                    (await inner.RunAsync(load, CancellationToken.None)).Dispose();
                }
                catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
                {
                    // Garnet cannot compile the form with flags, and is not asked to run it.
                }
            }
        }
    }

    public RespCall Begin(LuaScript script) => inner.Begin(_scripts[script.Name]);

    public RespCall Begin(ReadOnlySpan<byte> command) => inner.Begin(command);

    public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken) =>
        inner.RunAsync(begun, cancellationToken);

    private static string Clock(string key) => $"""
        local function now_us() return tonumber(redis.call('GET', '{key}')) end
        local function milliseconds(us) return math.floor(us / 1000) end
        """;
}
