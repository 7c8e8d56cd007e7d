using System.Text;

namespace TokenHub.TestKit;

/// <summary>One request as the upstream saw it, and the upstream's own truth of what it served for it.</summary>
public sealed class ScriptedUpstreamRequest
{
    private readonly List<byte[]> _served = [];
    private readonly TaskCompletionSource _callerLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _scriptEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ScriptedUpstreamRequest(
        string method, string target, IReadOnlyList<KeyValuePair<string, string>> headers, byte[] body, int connection)
    {
        Method = method;
        Target = target;
        Headers = headers;
        Body = body;
        Connection = connection;
    }

    public string Method { get; }

    /// <summary>The request target as it stood in the request line, query included.</summary>
    public string Target { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    public byte[] Body { get; }

    /// <summary>Number of the connection it came on, from 1.</summary>
    public int Connection { get; }

    public string BodyText => Encoding.UTF8.GetString(Body);

    /// <summary>Body bytes that were given to the socket, without chunk framing.</summary>
    public byte[] Served
    {
        get
        {
            lock (_served)
            {
                return [.. _served.SelectMany(bytes => bytes)];
            }
        }
    }

    /// <summary>Writes of body bytes so far.</summary>
    public int Steps
    {
        get
        {
            lock (_served)
            {
                return _served.Count;
            }
        }
    }

    /// <summary>Done when the caller closed or reset the connection before the script had ended.</summary>
    public Task CallerLeft => _callerLeft.Task;

    /// <summary>Done when the last step was played or the caller had left.</summary>
    public Task ScriptEnded => _scriptEnded.Task;

    /// <summary>The header's values joined by commas, or null when it was not sent.</summary>
    public string? Header(string name)
    {
        var values = Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).ToList();
        return values.Count == 0 ? null : string.Join(", ", values);
    }

    internal void AddServed(byte[] bytes)
    {
        lock (_served)
        {
            _served.Add(bytes);
        }
    }

    internal void MarkCallerLeft() => _callerLeft.TrySetResult();

    internal void MarkScriptEnded() => _scriptEnded.TrySetResult();
}
