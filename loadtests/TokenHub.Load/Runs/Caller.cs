using System.Net.Sockets;
using System.Text;
using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;
using TokenHub.Load.Wire;
using TokenHub.MockUpstream;
using TokenHub.MockUpstream.Formats;
using TokenHub.MockUpstream.Script;

namespace TokenHub.Load.Runs;

/// <summary>One client with one connection: makes a call at a time and checks each byte of its answer.</summary>
internal sealed class Caller : IDisposable
{
    private const int BufferBytes = 16 << 10;
    private static uint _lastSeed;
    private readonly Meter _meter;
    private readonly HttpConnection _connection;
    private readonly AnswerCheck _check;
    private readonly RequestTemplate _request;
    private readonly MockDialect _dialect;
    private readonly MockScript _script;
    private readonly byte[] _model;
    private readonly bool _isStream;
    private readonly bool _includesUsage;

    public Caller(ITarget target, Step step, Meter meter, int number)
    {
        _meter = meter;
        _dialect = ScenarioFiles.DialectOf(step.Dialects[number % step.Dialects.Count]);
        (_isStream, _includesUsage) = (step.Stream, step.IncludeUsage);
        _script = ScenarioFiles.ScriptOf(step);
        _model = Encoding.UTF8.GetBytes(step.Model);
        _connection = new HttpConnection(target.Endpoint, BufferBytes);
        _check = new AnswerCheck(meter);
        _request = new RequestTemplate(
            _dialect, step.Model, _isStream, _includesUsage, step.PromptBytes, target.Endpoint.ToString(),
            target.Keys[number % target.Keys.Count]);
    }

    /// <summary>One call; whatever goes wrong with it is counted, never thrown.</summary>
    public async ValueTask CallAsync()
    {
        var seed = Interlocked.Increment(ref _lastSeed);
        _check.Begin(
            new MockAnswer
            {
                Dialect = _dialect, Script = _script, Model = _model, Seed = seed, IncludesUsage = _includesUsage,
            },
            _isStream);
        try
        {
            var result = await _connection.CallAsync(_request.WithSeed(seed), _check);
            if (result.Status != 200)
            {
                Interlocked.Increment(ref _meter.Faults.Refused);
                _meter.Faults.Keep($"answered {result.Status}: {result.ErrorText}");
            }
            else if (_check.End())
            {
                _meter.Call(result.EndNs - result.StartNs, _check.FirstByteNs - result.StartNs);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidDataException
            or ObjectDisposedException)
        {
            Interlocked.Increment(ref _meter.Faults.Broken);
            _meter.Faults.Keep(error.Message);
            _connection.Dispose();
        }
    }

    public void Dispose() => _connection.Dispose();
}
