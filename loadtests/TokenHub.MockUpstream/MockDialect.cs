namespace TokenHub.MockUpstream;

/// <summary>The four protocols it speaks.</summary>
public enum MockDialect
{
    Chat = 0,
    Responses,
    Messages,
    Gemini,
}
